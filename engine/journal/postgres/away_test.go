package postgres

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// door stands before a server, and can be shut.
type door struct {
	t      *testing.T
	server string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

// before makes a door before the server of a URL and gives the URL that leads through it.
func before(t *testing.T, address string) (*door, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, server: u.Host}
	d.unlock("127.0.0.1:0")
	t.Cleanup(d.shut)
	u.Host = d.listener.Addr().String()
	return d, u.String()
}

func (d *door) unlock(address string) {
	d.t.Helper()
	listener, err := net.Listen("tcp", address)
	// A process that has just been started holds the socket that was closed too, until it runs its own program.
	for began := time.Now(); errors.Is(err, syscall.EADDRINUSE) && time.Since(began) < time.Minute; {
		<-time.After(time.Millisecond)
		listener, err = net.Listen("tcp", address)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.listener = listener
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return // it was shut
			}
			out, err := net.Dial("tcp", d.server)
			if err != nil {
				d.t.Error(err)
				return
			}
			d.mu.Lock()
			d.open = append(d.open, in, out)
			d.mu.Unlock()
			go io.Copy(in, out) //nolint:errcheck // it ends with the connection
			go io.Copy(out, in) //nolint:errcheck // likewise
		}
	}()
}

// shut has nobody come in, and ends what came in.
func (d *door) shut() {
	_ = d.listener.Close() // it may be shut already
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.open {
		_ = c.Close()
	}
}

// TestServerStaysAway has the journal give up, in time and with the server's name, and what is asked of it after that does not
// wait as long again. Once the server is back it goes on.
func TestServerStaysAway(t *testing.T) {
	door, address := before(t, database(t))
	s := open(t, address, journal.ReadWrite).(*store)
	s.patience = 2 * time.Second
	if err := errors.Join(s.Append(t.Context(), "01A", []journal.Entry{started("01A")}), s.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	door.shut()
	began := time.Now()
	err := errors.Join(s.Append(t.Context(), "01A", []journal.Entry{finished("01A", 2)}), s.Sync(t.Context()))
	if !errors.Is(err, journal.ErrAway) || !strings.Contains(err.Error(), s.pool.Config().ConnConfig.Database) {
		t.Errorf("got %v", err)
	}
	gaveUp := time.Since(began)
	if later := s.Append(t.Context(), "01A", []journal.Entry{finished("01A", 3)}); later == nil {
		t.Error("an append after a failed one is taken")
	}
	for range 2 {
		if _, err := s.Locks(t.Context()); !errors.Is(err, journal.ErrAway) {
			t.Errorf("locks: %v", err)
		}
	}
	if all := time.Since(began); gaveUp < s.patience/2 || all > 2*s.patience {
		t.Errorf("it gave up after %v, and others after %v", gaveUp, all)
	}
	door.unlock(door.listener.Addr().String())
	if _, err := s.Locks(t.Context()); err != nil {
		t.Errorf("once it is back: %v", err)
	}
}
