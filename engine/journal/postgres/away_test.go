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
	// room is how many bytes get through to who comes in, below zero: all. To who came in before the last hush none do.
	room   int64
	hushes int
	// pause is how long each piece of an answer takes.
	pause time.Duration
}

// before makes a door before the server of a URL and gives the URL that leads through it.
func before(t *testing.T, address string) (*door, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, server: u.Host, room: -1}
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
			go d.carry(in, out, d.room, d.hushes)
			d.mu.Unlock()
			go io.Copy(out, in) //nolint:errcheck // it ends with the connection
		}
	}()
}

// carry brings what the server says to who came in, as long as there is room.
func (d *door) carry(in io.Writer, out io.Reader, room int64, hushes int) {
	piece := make([]byte, 16<<10)
	for {
		n, err := out.Read(piece)
		if err != nil {
			return
		}
		d.mu.Lock()
		pause := d.pause
		if d.hushes > hushes {
			room = 0
		}
		d.mu.Unlock()
		<-time.After(pause)
		if room >= 0 {
			n = int(min(int64(n), room))
			room -= int64(n)
		}
		if _, err := in.Write(piece[:n]); err != nil {
			return
		}
	}
}

// hush lets nothing more through to who came in, and some bytes to who comes in.
func (d *door) hush(room int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = room
	d.hushes++
}

// listen lets everything through to who comes in.
func (d *door) listen() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = -1
}

// pace has each piece of what the server says take so long.
func (d *door) pace(pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pause = pause
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
