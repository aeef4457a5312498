package tls

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
)

// negotiators ask for TLS inside another protocol, by the name in the argument starttls.
var negotiators = map[string]func(net.Conn) error{
	"postgres": startPostgres,
	"smtp":     startSMTP,
	"imap":     startIMAP,
}

// startPostgres sends SSLRequest, see "SSL Session Encryption" in PostgreSQL's description of its protocol.
func startPostgres(conn net.Conn) error {
	if _, err := conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	switch answer[0] {
	case 'S':
		return nil
	case 'N':
		return fmt.Errorf("the server has TLS switched off")
	}
	return fmt.Errorf("the server answered %q, as no PostgreSQL does", answer[:])
}

// startSMTP follows RFC 3207.
func startSMTP(conn net.Conn) error {
	// Over the bare connection: nothing may be read ahead into a buffer that the handshake does not see. Servers say
	// nothing after the answer to STARTTLS, so the reader's buffer is empty then.
	text := textproto.NewConn(keepOpen{conn})
	if _, _, err := text.ReadResponse(220); err != nil {
		return refusal(err)
	}
	if err := text.PrintfLine("EHLO runbook.invalid"); err != nil {
		return err
	}
	if _, _, err := text.ReadResponse(250); err != nil {
		return refusal(err)
	}
	if err := text.PrintfLine("STARTTLS"); err != nil {
		return err
	}
	_, _, err := text.ReadResponse(220)
	return refusal(err)
}

// startIMAP follows RFC 9051, 6.2.1.
func startIMAP(conn net.Conn) error {
	text := textproto.NewConn(keepOpen{conn})
	greeting, err := text.ReadLine()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(greeting, "* OK") && !strings.HasPrefix(greeting, "* PREAUTH") {
		return fmt.Errorf("the server greeted with %q", greeting)
	}
	if err := text.PrintfLine("a1 STARTTLS"); err != nil {
		return err
	}
	for {
		line, err := text.ReadLine()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, "a1 OK"):
			return nil
		case strings.HasPrefix(line, "a1 "):
			return fmt.Errorf("the server answered %q", line)
		}
	}
}

// refusal tells what the server said in place of yes.
func refusal(err error) error {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("the server answered %q", e.Error())
	}
	return err
}

// keepOpen is a connection that outlives the reader on it.
type keepOpen struct{ net.Conn }

// Close leaves the connection to its owner.
func (keepOpen) Close() error { return nil }
