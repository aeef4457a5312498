package redact

import (
	"io"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Blank stands where a secret was.
const Blank = "(sensitive)"

// MinLength is how many characters a secret must have: shorter ones occur by chance everywhere.
const MinLength = 4

// Redactor knows the secrets of a run. The zero value is ready; all methods are safe for concurrent use.
type Redactor struct {
	stale   atomic.Bool
	matcher atomic.Pointer[matcher]
	// net is the matcher for whole outputs, in which the program's own words stand beside what came from outside: it does not find a
	// form that is one of these.
	net atomic.Pointer[matcher]

	mu      sync.Mutex
	known   map[string]certainty // what was added
	parts   map[string]certainty // what programs tell of those
	pending []string             // forms that the matcher does not find yet
	own     ownWords
	open    openTexts
}

// certainty is how sure it is that a text is a secret.
type certainty uint8

const (
	suspected certainty = iota + 1
	certain
)

// Add makes a value a secret from now on, and what programs tell of a value that says where something is: the path of a webhook,
// the password of a database's URL. Values of fewer than [MinLength] characters are ignored, and those of white space alone.
func (r *Redactor) Add(secret string) { r.add(secret, certain) }

// Suspect makes a value a secret that is made of secrets, or stands where secrets may stand, such as each line of a file. What of it stands in the open too, by
// [Redactor.Open], is none: who approves a step reads "production", whatever file has a line that says so. Of a URL that is made of a secret, such as
// "https://api.example.com/report?key=" and a key, the rest is none; so the secret comes first.
func (r *Redactor) Suspect(text string) { r.add(text, suspected) }

// Open tells texts that stand in the open: in a runbook, or as an input of it. They are read once something is suspected, and must not change.
func (r *Redactor) Open(texts iter.Seq[string]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open.add(texts)
}

func (r *Redactor) add(secret string, sure certainty) {
	if !hideable(secret) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[secret] >= sure {
		return
	}
	if r.known == nil {
		r.known, r.parts = map[string]certainty{}, map[string]certainty{}
	}
	parts := r.partsOf(secret, sure)
	r.known[secret] = sure
	if r.parts[secret] < sure {
		r.find(secret, sure)
	}
	for _, part := range parts {
		if max(r.known[part], r.parts[part]) >= sure || !hideable(part) {
			continue
		}
		r.parts[part] = sure
		r.find(part, sure)
	}
	if len(r.pending) > 0 {
		r.stale.Store(true)
	}
}

// find has the forms of a secret found.
func (r *Redactor) find(secret string, sure certainty) {
	forms := formsOf(secret)
	if sure < certain {
		forms = slices.DeleteFunc(forms, r.open.has)
	}
	r.pending = append(r.pending, forms...)
}

// hideable reports whether a text can be told from others: short ones occur by chance everywhere, and so does white space.
func hideable(text string) bool {
	return utf8.RuneCountInString(text) >= MinLength && strings.TrimSpace(text) != ""
}

// partsOf are the parts of a new secret that are secrets too: of what is suspected and in which a secret stands that was added before,
// pieces of that.
func (r *Redactor) partsOf(secret string, sure certainty) []string {
	made := false
	var parts []string
	if isPlace(secret) {
		for known, how := range r.known {
			if known == secret || how < certain || !strings.Contains(secret, known) {
				continue
			}
			made = true
			if !isPlace(known) {
				parts = append(parts, torn(known)...)
			}
		}
	}
	if !made || sure == certain {
		for line := range strings.Lines(secret) {
			parts = append(parts, partsOf(strings.TrimSpace(line))...)
		}
		if sure == certain {
			parts = append(append(parts, partsOfPath(secret)...), unescaped(secret)...)
		}
		return parts
	}
	if u, err := url.Parse(secret); err == nil {
		if password, ok := u.User.Password(); ok {
			parts = append(parts, password)
		}
	}
	return parts
}

// Bytes gives data with every secret blanked, also what the ellipsis of a shortened text left of one: data itself where there
// is none.
func (r *Redactor) Bytes(data []byte) []byte {
	m := r.current()
	if m == nil {
		return data
	}
	deeper := m.layers(data)
	spans, _ := m.search(nil, data, deeper)
	spans = m.cuts(spans, data, deeper)
	if len(spans) == 0 {
		return data
	}
	return blank(make([]byte, 0, len(data)), data, spans)
}

// String is Bytes for text.
func (r *Redactor) String(text string) string {
	m := r.current()
	if m == nil {
		return text
	}
	data := []byte(text)
	deeper := m.layers(data)
	spans, _ := m.search(nil, data, deeper)
	spans = m.cuts(spans, data, deeper)
	if len(spans) == 0 {
		return text
	}
	return string(blank(make([]byte, 0, len(data)), data, spans))
}

// Own makes names words of the program's own from now on, as all of its messages are: those of a runbook, its steps and files, which stand
// in the open. A writer leaves a secret alone that is one of these, or a part of one.
func (r *Redactor) Own(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.own.add(names) {
		r.net.Store(r.net.Load().without(r.own.has))
	}
}

// Writer gives a writer that blanks secrets on their way to w: the last net, for what nobody blanked where it was known what it is. It
// leaves a secret alone that is a word which the program says by itself, or a name of the runbook: whoever writes such words beside what
// came from outside has to blank that by itself, with [Redactor.String]. What may be the beginning of a secret is held back until
// the rest is there: [Writer.Flush] at the end.
func (r *Redactor) Writer(w io.Writer) *Writer { return &Writer{redactor: r, out: w} }

// current is the matcher for all secrets so far; nil where there are none.
func (r *Redactor) current() *matcher {
	r.update()
	return r.matcher.Load()
}

// currentNet is that for whole outputs.
func (r *Redactor) currentNet() *matcher {
	r.update()
	return r.net.Load()
}

func (r *Redactor) update() {
	if !r.stale.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stale.Load() {
		return
	}
	before := r.matcher.Load()
	after, foreign := before.with(r.pending), slices.DeleteFunc(slices.Clone(r.pending), r.own.has)
	switch same := r.net.Load() == before; {
	case same && len(foreign) == len(r.pending): // as nearly always
		r.net.Store(after)
	case len(foreign) > 0:
		r.net.Store(r.net.Load().with(foreign))
	}
	r.matcher.Store(after)
	r.pending = nil
	r.stale.Store(false)
}
