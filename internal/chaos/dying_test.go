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
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/cli"
)

// death is where a process of the program kills itself: at an event by its number in the run, or at the end of a step.
type death struct {
	at   int64
	step string
	side string
}

// The sides of an event. Whatever came before it is on disk with both of the first two.
const (
	before = "before" // the event is lost
	after  = "after"  // the event is on disk
	queued = "queued" // the event was handed over and nobody asked for it to be on disk: a power cut
)

func (d death) String() string {
	if d.step != "" {
		return d.step + ":" + d.side
	}
	return fmt.Sprintf("%d:%s", d.at, d.side)
}

func parseDeath(text string) death {
	at, side, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return death{step: at, side: side}
	}
	return death{at: n, side: side}
}

// strikes reports whether it is at this event.
func (d death) strikes(e *run.Event) bool {
	if d.step != "" {
		return e.Step == d.step && e.Type == run.StepFinished
	}
	return e.Seq == d.at
}

// diesAt is the program as a process that kills itself: runbook-dies DEATH ARGUMENTS.
func diesAt() {
	d := parseDeath(os.Args[1])
	os.Args = append(os.Args[:1], os.Args[2:]...)
	p := system()
	open := p.OpenJournal
	p.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
		j, err := open(ctx, path)
		if err != nil {
			return nil, err
		}
		return &dyingJournal{j, d}, nil
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
		if !j.death.strikes(e.Event) {
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
