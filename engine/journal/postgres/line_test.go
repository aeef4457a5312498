package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestSilentServer: a server that answers the login, or a part of what is asked, and then says nothing any more is waited for no
// longer than one that is away, whatever is asked of it; whoever is told to stop meanwhile, and whoever leaves, does not wait at all.
func TestSilentServer(t *testing.T) {
	const word = 500 * time.Millisecond
	const bound = 8 * word // of all that is to be over soon, on a busy machine too
	address := database(t)
	whole := open(t, address, journal.ReadWrite)
	if err := errors.Join(whole.Append(t.Context(), "01A", []journal.Entry{started("01A"), finished("01A", 2)}), whole.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	told := func(t *testing.T, began time.Time, err error) {
		t.Helper()
		const words = "it does not answer; check that the server runs and that this is its address"
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), words) || took > bound {
			t.Errorf("after %v: %v", took, err)
		}
	}
	for _, access := range []journal.Access{journal.ReadOnly, journal.ReadWrite} {
		for _, bytes := range []int64{0, 100, 450, 600, 700} {
			t.Run(fmt.Sprintf("opened, access %v, silent after %d bytes", access, bytes), func(t *testing.T) {
				t.Parallel()
				door, through := before(t, address)
				door.hush(bytes)
				began := time.Now()
				j, err := openWithin(t.Context(), through, access, word)
				if err == nil { // it got so far
					j.(*store).patience = 2 * word
					_, err = j.Runs(t.Context(), journal.Filter{})
					err = errors.Join(err, j.Close())
				}
				told(t, began, err)
			})
		}
	}
	owner := journal.Owner{Run: "01A"}
	for name, ask := range map[string]func(ctx context.Context, s *store) error{
		"runs":  func(ctx context.Context, s *store) error { _, err := s.Runs(ctx, journal.Filter{}); return err },
		"locks": func(ctx context.Context, s *store) error { _, err := s.Locks(ctx); return err },
		"lock": func(ctx context.Context, s *store) error {
			_, _, err := s.Acquire(ctx, "a", owner, time.Minute, nil)
			return err
		},
		"unlock": func(ctx context.Context, s *store) error { _, err := s.Unlock(ctx, "a", true); return err },
		"mail":   func(ctx context.Context, s *store) error { _, err := s.Messages(ctx, "01A", 0); return err },
		"send": func(ctx context.Context, s *store) error {
			return s.Send(ctx, "01A", journal.Message{Kind: journal.MessageCancel})
		},
		"prune": func(ctx context.Context, s *store) error {
			_, err := s.Prune(ctx, journal.Old{Before: time.Now()})
			return err
		},
		"check": func(ctx context.Context, s *store) error { _, _, err := s.Examine(ctx); return err },
		"probe": func(ctx context.Context, s *store) error { _, err := s.Probe(ctx, []string{"01A"}); return err },
		"events": func(ctx context.Context, s *store) error {
			for _, err := range s.Events(ctx, "01A") {
				return err
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			door, through := before(t, address)
			j, err := openWithin(t.Context(), through, journal.ReadWrite, word)
			if err != nil {
				t.Fatal(err)
			}
			s := j.(*store)
			s.patience = 2 * word
			door.hush(0)
			began := time.Now()
			told(t, began, ask(t.Context(), s))
			ctx, stop := context.WithTimeout(t.Context(), word/10)
			defer stop()
			began = time.Now()
			err = ask(ctx, s)
			if took := time.Since(began); err == nil || took > word {
				t.Errorf("it was stopped, and took %v: %v", took, err)
			}
			began = time.Now()
			if err := s.Close(); err != nil || time.Since(began) > bound {
				t.Errorf("to close it took %v: %v", time.Since(began), err)
			}
		})
	}
}

// TestSilenceOfOneConnection: the run goes on over another one.
func TestSilenceOfOneConnection(t *testing.T) {
	door, address := before(t, database(t))
	j, err := openWithin(t.Context(), address, journal.ReadWrite, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // it closes no file
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{started("01A")}), j.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	door.hush(0)
	door.listen()
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{finished("01A", 2)}), j.Sync(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestServerAtWork: a statement that takes longer than anybody waits for a word is waited for, also one that waits for a lock.
func TestServerAtWork(t *testing.T) {
	const word = 400 * time.Millisecond
	address := database(t)
	j, err := openWithin(t.Context(), address, journal.ReadWrite, word)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // it closes no file
	s := j.(*store)
	s.patience = word
	for name, c := range map[string]struct{ hold, ask string }{
		"works": {"SELECT 1", "SELECT pg_sleep(1.5)::text"},
		"waits": {"SELECT pg_advisory_xact_lock(7)", "SELECT pg_advisory_xact_lock(7)::text"},
	} {
		t.Run(name, func(t *testing.T) {
			other, err := pgx.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.Exec(t.Context(), "BEGIN; "+c.hold); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(4*word, func() { _ = other.Close(context.Background()) })
			defer timer.Stop()
			if _, err := query(t.Context(), s, pgx.RowTo[string], c.ask); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLongAnswer: an answer that goes on is not cut off, however long it takes.
func TestLongAnswer(t *testing.T) {
	const word = 400 * time.Millisecond
	door, address := before(t, database(t))
	j, err := openWithin(t.Context(), address, journal.ReadOnly, word)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() }) //nolint:errcheck // it closes no file
	door.pace(word / 4)
	began := time.Now()
	got, err := query(t.Context(), j.(*store), pgx.RowTo[string], "SELECT repeat('x', 1000) FROM generate_series(1, 300)")
	if took := time.Since(began); err != nil || len(got) != 300 || took < 2*word {
		t.Errorf("%d rows after %v: %v", len(got), took, err)
	}
}
