package journal

import (
	"context"
	"errors"
)

// Report is what a check of a journal found.
type Report struct {
	// Runs is how many runs there are, Readable how many of them can be read whole.
	Runs     int `json:"runs"`
	Readable int `json:"readable"`
	// Events is how many events of all runs can be read.
	Events int `json:"events"`
	// Whole are the ids of those, Damaged the others.
	Whole   []string     `json:"whole,omitempty"`
	Damaged []DamagedRun `json:"damaged,omitempty"`
	// Problems are what the store says of itself.
	Problems []string `json:"problems,omitempty"`
}

// Sound reports whether nothing was found.
func (r *Report) Sound() bool { return len(r.Damaged)+len(r.Problems) == 0 }

// DamagedRun is a run that can't be read whole.
type DamagedRun struct {
	Run string `json:"run"`
	// Events is how many of its events come before the damage.
	Events int    `json:"events"`
	Error  string `json:"error"`
}

// Examiner is a [Journal] that can examine its store. It gives the ids of all runs that it finds a trace of, and what is
// wrong with the store.
type Examiner interface {
	Examine(ctx context.Context) (ids, problems []string, err error)
}

// Prober is a [Journal] that can tell of some runs which of them are damaged, as far as that can be known without decoding their
// events. It is quicker than [Check], and may miss what that finds.
type Prober interface {
	Probe(ctx context.Context, ids []string) (damaged []string, err error)
}

// Check reads all runs of a journal, with their files, and reports which of them can be read. It errs where its server is away.
func Check(ctx context.Context, j Journal) (Report, error) {
	ids, problems, err := examine(ctx, j)
	if err != nil {
		return Report{}, err
	}
	r := Report{Runs: len(ids), Problems: problems}
	for _, id := range ids {
		n, damage := readWhole(ctx, j, id)
		r.Events += n
		switch {
		case damage == nil:
			r.Readable++
			r.Whole = append(r.Whole, id)
		case ctx.Err() != nil:
			return r, ctx.Err()
		case errors.Is(damage, ErrAway):
			return r, damage // which tells nothing of the run
		default:
			r.Damaged = append(r.Damaged, DamagedRun{Run: id, Events: n, Error: damage.Error()})
		}
	}
	return r, nil
}

// readWhole reads a run with its files, and gives how many of its events can be read. A file that runs have in common is asked for of
// each: what may be lost is that it belongs to one of them.
func readWhole(ctx context.Context, j Journal, id string) (n int, damage error) {
	files := map[string]bool{}
	for e, err := range j.Events(ctx, id) {
		if err != nil {
			return n, err
		}
		n++
		if e.Event.Header == nil || damage != nil {
			continue
		}
		for _, f := range e.Event.Files {
			if files[f.SHA256] {
				continue
			}
			if _, err := j.File(ctx, id, f.SHA256); err != nil {
				damage = err
				break
			}
			files[f.SHA256] = true
		}
	}
	return n, damage
}

func examine(ctx context.Context, j Journal) (ids, problems []string, err error) {
	if e, ok := j.(Examiner); ok {
		return e.Examine(ctx)
	}
	const all = 1 << 30
	runs, err := j.Runs(ctx, Filter{Limit: all})
	if errors.Is(err, ErrDamaged) {
		problems, err = append(problems, err.Error()), nil
	}
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	return ids, problems, err
}
