package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/internal/cli"
)

// death is where a process of the program kills itself: at an event, by its number in the run.
type death struct {
	at   int64
	side string
}

// The sides of an event. Whatever came before it is on disk with both of the first two.
const (
	before = "before" // the event is lost
	after  = "after"  // the event is on disk
	queued = "queued" // the event was handed over and nobody asked for it to be on disk: a power cut
)

func (d death) String() string { return fmt.Sprintf("%d:%s", d.at, d.side) }

// diesAt is the program as a process that kills itself: runbook-dies AT:SIDE ARGUMENTS.
func diesAt() {
	at, side, _ := strings.Cut(os.Args[1], ":")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		panic(err)
	}
	os.Args = append(os.Args[:1], os.Args[2:]...)
	p := system()
	open := p.OpenJournal
	p.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
		j, err := open(ctx, path)
		if err != nil {
			return nil, err
		}
		return &dyingJournal{j, death{n, side}}, nil
	}
	os.Exit(cli.Main(p))
}

// dyingJournal ends the process as kill -9 would, between two writes.
type dyingJournal struct {
	journal.Journal
	death death
}

// Append hands over what comes before the end.
func (j *dyingJournal) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	for i, e := range entries {
		if e.Event.Seq != j.death.at {
			continue
		}
		keep := i + 1
		if j.death.side == before {
			keep = i
		}
		err := j.Journal.Append(ctx, runID, entries[:keep])
		if j.death.side != queued {
			err = errors.Join(err, j.Sync(ctx))
		}
		if err != nil {
			return err
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return j.Journal.Append(ctx, runID, entries)
}
