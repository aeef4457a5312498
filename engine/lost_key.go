package engine

import (
	"errors"
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/seal"
)

// spareKey keeps a session that only undoes from making a key in the place of one that is not there, and that a part of the run is encrypted with:
// an undo has to be possible without, and needs none. A run that goes on is to encrypt what it does.
func (e *Engine) spareKey(s *story, opts *RecallOptions) {
	if opts.Unseal == nil || opts.Seal == nil || !s.lacksKey(opts.Unseal) {
		return
	}
	const lacks = "a part of the run is encrypted with a key that is not there"
	if opts.Undo == nil {
		e.host().Log.Warn(lacks + "; what this session has to encrypt goes under a new one. Should the old key come back, add its line to the file of the new one")
		return
	}
	opts.Seal = nil
	e.host().Log.Warn(lacks + ", in whose place no other is made; what is sensitive in this session, and the secrets that it reads, are not kept")
}

// lacksKey reports whether something of the run is encrypted, and there is no key at all.
func (s *story) lacksKey(unseal func([]byte) ([]byte, error)) bool {
	i := slices.IndexFunc(s.entries, func(e journal.Entry) bool { return e.Sealed != nil })
	if i < 0 {
		return false
	}
	_, err := unseal(s.entries[i].Sealed)
	return errors.Is(err, seal.ErrNoKey)
}
