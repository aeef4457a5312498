package local

import (
	"slices"
	"sync"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// ReadSecrets are the values that secret(…) gave, for the history to keep each of them once. The zero value is ready. Safe for concurrent use.
type ReadSecrets struct {
	mu sync.Mutex
	// fresh are those that the history does not have yet, kept those that it has.
	fresh []string
	kept  map[string]bool
}

// Add takes in a value that was read.
func (r *ReadSecrets) Add(value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.kept[value] && !slices.Contains(r.fresh, value) {
		r.fresh = append(r.fresh, value)
	}
}

// keep takes in what the history has.
func (r *ReadSecrets) keep(values []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[string]bool{}
	}
	for _, value := range values {
		r.kept[value] = true
	}
	r.fresh = slices.DeleteFunc(r.fresh, func(value string) bool { return r.kept[value] })
}

// unkept gives what the history has not. Say so with keep once it has.
func (r *ReadSecrets) unkept() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.fresh)
}

// keepRead tells the secrets that were read since it was called last. A system that was sent one may echo it in a later session, in which it
// is another. Without a key the run goes on.
func (s *session) keepRead() error {
	if s.Read == nil || s.Seal == nil {
		return nil
	}
	fresh := s.Read.unkept()
	if len(fresh) == 0 {
		return nil
	}
	sealed, err := s.sealed(fresh)
	s.Read.keep(fresh) // or it is told once that they are not
	if err != nil {
		s.Host.Log.Warn("the secrets that were read are not kept; once one is another, a later session shows it where a system echoes it", "error", err)
		return nil
	}
	return s.queue(nil, "", journal.Entry{Event: &run.Event{Type: run.SecretsKept}, Sealed: sealed})
}

// recallRead has the secrets of an earlier session blanked in this one.
func (p *Past) recallRead(sealed []byte) {
	p.sealed[stageSecrets] = append(p.sealed[stageSecrets], func() string {
		var values []string
		if lost := p.open("what secret(…) gave in an earlier session", sealed, &values); lost != "" {
			return lost
		}
		if p.cfg.Read != nil {
			p.cfg.Read.keep(values)
		}
		if p.cfg.Secrets != nil {
			for _, value := range values {
				p.cfg.Secrets.Add(value)
			}
		}
		return ""
	})
}
