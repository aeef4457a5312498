package tls

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
	"github.com/e82355ed/runbook/engine/provider/trust"
)

type certificateArgs struct {
	Address    string `rb:"address" check:"address" doc:"Host and port of a server."`
	PEMFile    string `rb:"pem_file,file" doc:"File to look at in place of a server; its first certificate is the one that counts."`
	ServerName string `rb:"server_name" doc:"Name to ask for (SNI) and to verify; by default the host of address."`
	StartTLS   string `rb:"starttls" one_of:"postgres,smtp,imap" doc:"Protocol in which to ask for TLS before the handshake."`
	CAFile     string `rb:"ca_file,file" doc:"PEM file of the authorities to verify with in place of the system's."`
}

// peer is what was found: certificates, and how they were shown.
type peer struct {
	chain []*x509.Certificate
	// state is nil for a file, and where the server broke the handshake off after its certificate.
	state *tls.ConnectionState
	// name is verified; empty: only the chain is.
	name string
}

func certificate() provider.Action {
	return provider.Define(provider.Definition[*client, certificateArgs, certificateResult]{
		Name: "tls_certificate", Doc: "Reads a certificate, of a server or from a file, and verifies it.",
		ExactlyOne: [][]string{{"address", "pem_file"}},
		AtMostOne:  [][]string{{"pem_file", "starttls"}},
		Target:     func(args *certificateArgs) string { return args.Address },
		Run:        inspect, Summarize: summarize,
	})
}

func inspect(ctx context.Context, in *provider.In[*client, certificateArgs]) (*certificateResult, error) {
	roots, err := trust.Roots(in.Host, in.Dir, in.Args.CAFile)
	if err != nil {
		return nil, &provider.Error{Op: "verify a certificate", Err: err, Permanent: true}
	}
	var found *peer
	if in.Args.PEMFile != "" {
		found, err = readFile(trust.Path(in.Dir, in.Args.PEMFile), in.Args.ServerName)
	} else {
		found, err = ask(ctx, in.Args, in.Warn)
	}
	if err != nil {
		return nil, err
	}
	return describe(found, roots, time.Now()), nil
}

// readFile reads every certificate of a PEM file and leaves out what else is in it, such as a key.
func readFile(path, name string) (*peer, error) {
	failed := &provider.Error{Op: "read the certificate", Endpoint: path, Permanent: true}
	rest, err := trust.ReadFile(path)
	if err != nil {
		if e, ok := errors.AsType[*os.PathError](err); ok {
			err = e.Err // the path is the endpoint already
		}
		failed.Err = err
		return nil, failed
	}
	found := &peer{name: name}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			failed.Err = fmt.Errorf("certificate %d of the file: %w", len(found.chain)+1, err)
			return nil, failed
		}
		found.chain = append(found.chain, c)
	}
	if len(found.chain) == 0 {
		failed.Err = fmt.Errorf("there is no certificate in PEM form in it")
		return nil, failed
	}
	return found, nil
}

// ask takes the certificate out of one handshake.
func ask(ctx context.Context, args *certificateArgs, warn func(string, ...any)) (*peer, error) {
	failed := &provider.Error{Op: "read the certificate", Endpoint: args.Address, NothingDone: true}
	host, _, err := net.SplitHostPort(args.Address)
	if err != nil || host == "" {
		failed.Err = fmt.Errorf("it is not an address; write host and port, such as \"example.com:443\"")
		failed.Permanent = true
		return nil, failed
	}
	found := &peer{name: args.ServerName}
	if found.name == "" {
		found.name = host
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", args.Address)
	if err != nil {
		failed.Err = neterr.Explain(ctx, err, "connecting")
		return nil, failed
	}
	defer func() { _ = conn.Close() }()                                              // nothing was sent that could be lost
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // unblocks what reads
	if negotiate := negotiators[args.StartTLS]; negotiate != nil {
		if err := negotiate(conn); err != nil {
			failed.Err = fmt.Errorf("ask for TLS in %s: %w", args.StartTLS, neterr.Explain(ctx, err, "waiting for the answer"))
			return nil, failed
		}
	}
	if err := found.handshake(ctx, conn); err != nil {
		err = neterr.Explain(ctx, err, "in the TLS handshake")
		if len(found.chain) == 0 || ctx.Err() != nil {
			failed.Err = err
			failed.Hint = hints[args.StartTLS]
			return nil, failed
		}
		warn("the server showed its certificate and then broke the handshake off: %v", err)
	}
	return found, nil
}

// hints help where the handshake got no certificate, by what was asked for before it.
var hints = map[string]string{
	"": "If the server begins in plain text, set starttls.",
}

// handshake fills the peer in. Verification is ours, so that a bad certificate is a result; old versions and weak
// ciphers are let through, for nothing is sent over the connection.
func (p *peer) handshake(ctx context.Context, conn net.Conn) error {
	c := tls.Client(conn, &tls.Config{
		ServerName: p.name, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, CipherSuites: allCiphers(),
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			for _, der := range raw {
				parsed, err := x509.ParseCertificate(der)
				if err != nil {
					return fmt.Errorf("certificate %d that the server sent: %w", len(p.chain)+1, err)
				}
				p.chain = append(p.chain, parsed)
			}
			return nil
		},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	state := c.ConnectionState()
	p.state = &state
	return nil
}

func allCiphers() []uint16 {
	var ids []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, suite := range list {
			ids = append(ids, suite.ID)
		}
	}
	return ids
}
