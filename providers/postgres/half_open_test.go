package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/postgres"
)

// halfOpen stands before a server, and brings each connection that many bytes of what it says, then none.
func halfOpen(t *testing.T, server string, room int64) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			out, err := net.Dial("tcp", server)
			if err != nil {
				t.Error(err)
				return
			}
			context.AfterFunc(ctx, func() { _ = errors.Join(in.Close(), out.Close()) })
			go io.Copy(out, in)        //nolint:errcheck // it ends with the connection
			go io.CopyN(in, out, room) //nolint:errcheck // likewise
		}
	}()
	return listener.Addr().String()
}

// TestHalfOpen: a step whose connection falls silent ends at its timeout, and says what it waited for, and where; a change says
// that nothing was written where that is so. The end of the run does not wait either.
func TestHalfOpen(t *testing.T) {
	u, err := url.Parse(pt.Lab(t, "DATABASE_URL"))
	if err != nil {
		t.Fatal("parse the lab's URL")
	}
	const timeout, moment = 2 * time.Second, 700 * time.Millisecond
	effects := map[string]provider.Effect{"postgres_exec": provider.Write}
	for _, room := range []int64{0, 300, 700, 1000, 1300, 1600, 1900, 2200} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			through := *u
			through.Host = halfOpen(t, u.Host, room)
			p := postgres.New()
			client, err := p.Open(t.Context(), request(t, with(&through, "sslmode", "disable"), nil))
			if err != nil {
				t.Fatal(err)
			}
			for action, statement := range map[string]string{"postgres_query": "SELECT 1 AS one", "postgres_exec": "UPDATE users SET plan = plan WHERE id < 2"} {
				a := p.Action(action)
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				began := time.Now()
				_, err := a.Run(ctx, &provider.Call{Client: client, Args: object(t, a.Spec().Args(), sql(statement)), Effect: effects[action]})
				took := time.Since(began)
				cancel()
				if err == nil {
					continue // it got through
				}
				if took > timeout+moment {
					t.Errorf("%s took %v", action, took)
				}
				text := err.Error()
				if !strings.Contains(text, through.Host) || !strings.Contains(text, "no answer after") || strings.Contains(text, "to be sent") {
					t.Errorf("%s: %v", action, err)
				}
				if login := strings.Contains(text, "log in"); login != (room < 400) {
					t.Errorf("%s: it is not said what was waited for: %v", action, err)
				}
				var told *provider.Error
				if action == "postgres_exec" && (!errors.As(err, &told) || told.NothingDone != strings.Contains(told.Hint, "Nothing was written.")) {
					t.Errorf("%s: it is not said whether something was written: %#v", action, told)
				}
			}
			began := time.Now()
			if err := provider.Close(client); err != nil || time.Since(began) > 2*time.Second {
				t.Errorf("to close it took %v: %v", time.Since(began), err)
			}
		})
	}
}
