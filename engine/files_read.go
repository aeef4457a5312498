package engine

import (
	"maps"
	"slices"
	"sync"

	"github.com/e82355ed/runbook/engine/lang"
)

// fileReads are the files that expressions of a run have read, or that arguments have named. Safe for concurrent use.
type fileReads struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (f *fileReads) add(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paths == nil {
		f.paths = map[string]bool{}
	}
	f.paths[path] = true
}

func (f *fileReads) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.paths))
}

// FilesUsed are the files whose content expressions of the plan, or of the runbooks within it, read, and those that arguments name: those that
// are known beforehand, and those that were found out so far. Safe to call while the plan runs.
func (p *Plan) FilesUsed() []string {
	paths, seen := p.reads.all(), map[*lang.Expr]bool{}
	var of func(*Plan)
	of = func(p *Plan) {
		var all []*lang.Expr
		for _, n := range p.Graph.Nodes {
			all = append(all, usedBy(p.Runbook, n.Step)...)
		}
		for _, o := range p.Runbook.Outputs {
			all = append(all, o.Value)
		}
		for _, e := range all {
			if e == nil || e.Expression == nil {
				continue
			}
			for _, used := range p.Runbook.Uses(e) {
				if !seen[used] {
					seen[used] = true
					paths = append(paths, p.scope.FilesRead(used)...)
				}
			}
		}
		for _, sub := range p.within {
			clear(seen) // with other variables they may read other files
			of(sub)
		}
	}
	of(p)
	slices.Sort(paths)
	return slices.Compact(paths)
}
