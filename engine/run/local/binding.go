package local

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// binding binds an answer to what its question can't show. Of that, a digest that anybody could work out would
// tell a short secret to whoever tries all of them, so it is made with a key that only the sealed part of the event holds.
type binding struct {
	digest string
	key    []byte
}

const bindingKeyLength = 32

var errNoBindingKey = errors.New("it is no key of a question")

// bind makes the binding of values to a question; it is empty where the question shows them whole.
func (s *session) bind(values cty.Value, q *run.Question) binding {
	if !s.hides(values, q) {
		return binding{}
	}
	b := binding{key: newBindingKey()}
	b.digest = bindTo(b.key, asBytes(values))
	return b
}

func newBindingKey() []byte {
	key := make([]byte, bindingKeyLength)
	rand.Read(key) // it never fails: see crypto/rand
	return key
}

// bindWords binds a question to its words, whose plain prompt is given, where it does not show all of them.
func (q *question) bindWords(s *session, asked *run.Question, prompt string) {
	if !lang.IsBlank(s.shown(string(wordsOf(asked, asked.Prompt)))) {
		return
	}
	if q.binding.key == nil {
		q.binding.key = newBindingKey()
	}
	asked.Words = bindTo(q.binding.key, wordsOf(asked, prompt))
}

// wordsOf is all of a question that an answer is bound to but what is done, which is bound by its values.
func wordsOf(q *run.Question, prompt string) []byte {
	words := *q
	words.Prompt, words.Keyed, words.Words = prompt, "", ""
	words.Arguments, words.Undo, words.Writes = nil, nil, nil
	return boundJSON(&words)
}

// sealedKey is what is encrypted beside a question that is bound with a key.
type sealedKey struct {
	Key []byte `json:"key"`
	// TimeoutAnswer is that of the question, which may be blanked there.
	TimeoutAnswer json.RawMessage `json:"timeout_answer,omitempty"`
}

// hides reports whether something of the values is blanked: because it is marked, or because it is known as a secret. What reads as if it
// were counts as that.
func (s *session) hides(values cty.Value, q *run.Question) bool {
	return values.ContainsMarked() || lang.IsBlank(s.shown(string(doneJSON(q))))
}

// asBytes is a value whole, without its marks.
func asBytes(v cty.Value) []byte {
	plain, _ := v.UnmarkDeep()
	return lang.ValueToJSON(plain)
}

func bindTo(key, what []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(what)
	return hex.EncodeToString(mac.Sum(nil))
}

// bound is what something comes to under the binding of the question of a step; empty where that is of an earlier session and its key is not to
// be had any more, so that the question is asked anew.
func (r *runner) bound(address string, what []byte) string {
	key, err := r.bindingKey(address)
	if err != nil {
		r.Host.Log.Warn("what was asked can't be read back, and an answer to it does not count", "step", r.prefix+address, "error", err)
	}
	if key == nil {
		return ""
	}
	return bindTo(key, what)
}

// bindingKey is the key of the question that a step asked last; nil: there is none, or an error says why it can't be read back.
func (r *runner) bindingKey(address string) ([]byte, error) {
	if key := r.keys[address]; key != nil {
		return key, nil
	}
	sealed := r.bindings[address]
	if sealed == nil || r.Unseal == nil {
		return nil, nil
	}
	var with sealedKey
	text, err := r.Unseal(sealed)
	if err == nil && json.Unmarshal(text, &with) != nil {
		err = json.Unmarshal(text, &with.Key) // of an older version
	}
	if err == nil && len(with.Key) != bindingKeyLength {
		err = errNoBindingKey
	}
	if err != nil {
		return nil, err
	}
	return with.Key, nil
}

// recallBinding keeps the key of the question that a step asked last, or the probe of a sensitive one.
func (b *branch) recallBinding(e *run.Event, sealed []byte) {
	if q := e.Question; q != nil && (q.Keyed != "" || q.Words != "" || q.Sensitive) {
		b.bindings[e.Step] = sealed
	}
}
