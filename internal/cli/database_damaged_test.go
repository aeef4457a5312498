package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
)

// damagedDatabase stands in for a history in PostgreSQL of which no run can be read.
type damagedDatabase struct{ breaking }

func (*damagedDatabase) Name() string { return "postgres://bob@db:5432/runs" }

func (*damagedDatabase) Examine(context.Context) (ids, problems []string, err error) {
	return []string{"01A"}, nil, nil
}

func (d *damagedDatabase) Events(context.Context, string) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		yield(journal.Entry{}, fmt.Errorf("read the run history %s: run 01A: %w: none of its events is there", d.Name(), journal.ErrDamaged))
	}
}

// TestDamagedDatabase: what is said of a history in PostgreSQL that is damaged speaks of no file, and gives it one name, without a
// password or a place for one.
func TestDamagedDatabase(t *testing.T) {
	const address = "postgres://bob:hunter2@db:5432/runs"
	for command, says := range map[string][]string{
		"runs check":       {"postgres://bob@db:5432/runs is damaged. Of 1 run, 0 can be read in full", "Have the database restored"},
		"show 01A --json":  {"read the run history postgres://bob@db:5432/runs: run 01A", "runbook runs check --store postgres://bob@db:5432/runs tells which runs can be read; have the database restored"},
		"apply --no-color": {"Have the database postgres://bob@db:5432/runs restored. What can be read of it is told by: runbook runs check --store postgres://bob@db:5432/runs\n"},
	} {
		t.Run(command, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			args := strings.Fields(command)
			if args[0] == "apply" {
				args = append(args, tt.file(t, "x.hcl", doubtful), "--auto-approve")
			}
			tt.OpenJournal = func(ctx context.Context, _ string) (journal.Journal, error) {
				j, err := sqlite.Open(ctx, filepath.Join(tt.dir, "runs.db"))
				return &damagedDatabase{breaking{Journal: j, at: run.StepFinished, step: "change", with: journal.ErrDamaged}}, err
			}
			status := tt.run(append(args, "--store", address)...)
			said := tt.out.String() + tt.err.String()
			var missing error
			for _, text := range says {
				if !strings.Contains(said, text) {
					missing = errors.Join(missing, fmt.Errorf("%q is not said", text))
				}
			}
			if status == ExitPassed || missing != nil || strings.Contains(said, "file stays") || strings.Contains(said, "in safety") || strings.Contains(said, "(sensitive)") {
				t.Errorf("status %d, %v\n%s", status, missing, said)
			}
		})
	}
}
