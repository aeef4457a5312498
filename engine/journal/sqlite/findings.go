package sqlite

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/journal"
)

// mostTold bounds how many damaged runs an error names.
const mostTold = 3

// findings are what is wrong with runs and files, the first of each run.
type findings struct {
	errs  []error
	runs  map[string]bool
	count int
}

func (f *findings) add(run string, err error) {
	if err == nil || f.runs[run] {
		return
	}
	if f.runs == nil {
		f.runs = map[string]bool{}
	}
	f.runs[run] = true
	if f.count++; f.count <= mostTold {
		f.errs = append(f.errs, err)
	}
}

func (f *findings) err() error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return f.errs[0]
	}
	var said []string
	for _, err := range f.errs {
		said = append(said, strings.ReplaceAll(err.Error(), journal.ErrDamaged.Error()+": ", ""))
	}
	if more := f.count - len(said); more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", journal.ErrDamaged, strings.Join(said, "; "))
}
