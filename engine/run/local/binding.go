package local

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// binding binds an approval to arguments that its question can't show. Of those, a digest that anybody could work out would
// tell a short secret to whoever tries all of them, so it is made with a key that only the sealed part of the event holds.
type binding struct {
	digest string
	key    []byte
}

const bindingKeyLength = 32

// bind makes the binding of values to a question; it is empty where the question shows them whole.
func (s *session) bind(values cty.Value, q *run.Question) binding {
	if !s.hides(values, q) {
		return binding{}
	}
	b := binding{key: make([]byte, bindingKeyLength)}
	rand.Read(b.key) // it never fails: see crypto/rand
	b.digest = bindTo(b.key, values)
	return b
}

// hides reports whether something of the values is blanked: because it is marked, or because it is known as a secret.
func (s *session) hides(values cty.Value, q *run.Question) bool {
	if values.ContainsMarked() {
		return true
	}
	if s.Redact == nil {
		return false
	}
	shown := [][]run.ArgumentValue{q.Arguments}
	if q.Undo != nil {
		shown = append(shown, q.Undo.Arguments, q.Undo.Uses)
	}
	for i := range q.Writes {
		w := &q.Writes[i]
		shown = append(shown, w.Arguments, w.Uses)
		if w.Undo != nil {
			shown = append(shown, w.Undo.Arguments, w.Undo.Uses)
		}
	}
	text, err := json.Marshal(shown)
	return err != nil || !bytes.Equal(s.Redact(text), text)
}

func bindTo(key []byte, args cty.Value) string {
	plain, _ := args.UnmarkDeep()
	mac := hmac.New(sha256.New, key)
	mac.Write(lang.ValueToJSON(plain))
	return hex.EncodeToString(mac.Sum(nil))
}

// bound is what arguments come to under the binding of a question of an earlier session; empty where its key is not to be
// had any more, so that the question is asked anew.
func (r *runner) bound(address string, args cty.Value) string {
	sealed := r.bindings[address]
	if sealed == nil || r.Unseal == nil {
		return ""
	}
	var key []byte
	text, err := r.Unseal(sealed)
	if err == nil {
		err = json.Unmarshal(text, &key)
	}
	if err != nil || len(key) != bindingKeyLength {
		r.Host.Log.Warn("what an approval is asked for can't be read back, and a yes to it does not count", "step", r.prefix+address, "error", err)
		return ""
	}
	return bindTo(key, args)
}

// recallBinding keeps the key of the question that a step asked last, or the probe of a sensitive one.
func (b *branch) recallBinding(e *run.Event, sealed []byte) {
	if e.Question != nil && (e.Question.Keyed != "" || e.Question.Sensitive) {
		b.bindings[e.Step] = sealed
	}
}
