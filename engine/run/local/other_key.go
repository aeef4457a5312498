package local

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// probe stands encrypted beside a sensitive question: who can open it can answer.
const probe = "who can open this can answer"

// askWithKey asks a sensitive question of an earlier session with the key of this one, where that with which it was asked is not to be
// had: no answer that was given since can be read, and none could be given from another shell. Nothing else of it is another, and its time goes on.
func (r *runner) askWithKey(w run.Wait) (run.Wait, error) {
	before := r.bindings[w.Address]
	if !w.Question.Sensitive || before == nil || r.Unseal == nil {
		return w, nil
	}
	if _, err := r.Unseal(before); err == nil {
		return w, nil
	}
	sealed := r.seal(probe)
	if sealed == nil {
		return w, nil
	}
	q := *w.Question
	sum := sha256.Sum256([]byte(q.Digest + "\n" + r.SessionStart.UTC().Format(time.RFC3339Nano)))
	q.Digest = hex.EncodeToString(sum[:])
	e := &run.Event{
		Type: run.StepWaiting, Step: w.Address, Time: r.clock(), For: w.For, Question: &q,
		Since: &w.Since, Told: w.Told, NobodyTold: r.state.NobodyTold(w.Address, nil),
	}
	if !w.Deadline.IsZero() {
		e.Deadline = &w.Deadline
	}
	if r.otherKey == nil {
		r.otherKey = map[string]bool{}
	}
	r.otherKey[w.Address] = true
	r.asks(w.Address, &q)
	if err := r.emitSealed(e, sealed); err != nil {
		return w, err
	}
	w, _ = r.state.WaitOf(w.Address) // it waits as it did
	return w, r.flush(r.hard, true)
}
