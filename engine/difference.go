package engine

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/lang"
)

// difference tells two versions of a runbook apart.
type difference struct {
	before, after *lang.Runbook
	// blank blanks secrets: before the texts are laid out anew, in which nobody would know them again.
	blank func([]byte) []byte
}

// of says in what a declaration differs that was there before and is there now: of a whole file, which declarations; of others, the
// text that is another. It begins with a colon; empty: there is nothing short to say.
func (d difference) of(name string, was, is []byte) string {
	file, whole := strings.CutPrefix(name, "file ")
	if !whole {
		return d.texts(was, is)
	}
	a, b := declaredIn(d.before, file), declaredIn(d.after, file)
	var out []string
	for _, name := range sortedKeys(a, b) {
		text, had := a[name]
		now, has := b[name]
		if had && has && bytes.Equal(text, now) {
			continue
		}
		if line := toldAs(name, had, has, a, b, nil); line != "" && had && has {
			out = append(out, name+d.texts(text, now))
		} else if line != "" {
			out = append(out, line)
		}
	}
	if out == nil {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}

// declaredIn are the declarations in a file of a runbook that is not its own.
func declaredIn(rb *lang.Runbook, base string) map[string][]byte {
	out := map[string][]byte{}
	for name, file := range rb.Sources {
		if filepath.Base(name) != base {
			continue
		}
		if body, native := file.Body.(*hclsyntax.Body); native {
			for _, b := range body.Blocks {
				declared(out, b, file)
			}
		}
	}
	return out
}

// mostShown is how many bytes of a text that differs are shown.
const mostShown = 60

// texts shows the middle of two texts that begin and end alike, token by token.
func (d difference) texts(was, is []byte) string {
	if d.blank != nil {
		was, is = d.blank(was), d.blank(is)
	}
	a, b := strings.Fields(string(was)), strings.Fields(string(is))
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	to := 0
	for to < len(a)-from && to < len(b)-from && a[len(a)-1-to] == b[len(b)-1-to] {
		to++
	}
	// What is assigned is told with the name that it is assigned to, and what stands between quotes with these.
	if i := slices.Index(reversed(a[:from]), "="); i >= 0 && i < len(a[:from])-1 && i < 8 {
		from -= i + 2
	}
	if to > 0 && a[len(a)-to] == `"` && quotedAtEnd(a[from:len(a)-to]) {
		to--
	}
	return ": " + shortened(a[from:len(a)-to]) + " is now " + shortened(b[from:len(b)-to])
}

// quotedAtEnd reports whether tokens end between quotes.
func quotedAtEnd(tokens []string) bool {
	in := false
	for _, t := range tokens {
		in = in != (t == `"`)
	}
	return in
}

func reversed(all []string) []string {
	out := slices.Clone(all)
	slices.Reverse(out)
	return out
}

// shortened joins tokens as they stand in a file, roughly, and cuts them.
func shortened(tokens []string) string {
	var b strings.Builder
	in := false
	for i, t := range tokens {
		if opens := t == `"` && !in; i > 0 && (t != `"` || opens) && (tokens[i-1] != `"` || !in) && !strings.Contains(".[](),", t) && !strings.Contains(".[(", tokens[i-1]) {
			b.WriteByte(' ')
		}
		in = in != (t == `"`)
		b.WriteString(t)
	}
	text := b.String()
	switch {
	case text == "":
		return "nothing"
	case len(text) > mostShown:
		return strings.ToValidUTF8(text[:mostShown], "") + "…"
	}
	return text
}
