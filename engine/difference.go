package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/e82355ed/runbook/engine/lang"
)

// difference tells two versions of a runbook apart.
type difference struct {
	before, after *lang.Runbook
	// blank blanks secrets; nil: there are none.
	blank func([]byte) []byte
}

// of says in what a declaration differs that was there before and is there now: of a whole file, which declarations; of others, what is
// assigned and which blocks. It begins with a colon; empty: there is nothing short to say.
func (d difference) of(name string, was, is *declaration) string {
	var out []string
	if file, whole := strings.CutPrefix(name, "file "); whole {
		out = d.files(declaredIn(d.before, file), declaredIn(d.after, file))
	} else {
		out = d.between("", was, is)
	}
	if out == nil {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}

// files says in which declarations two versions of a file differ.
func (d difference) files(was, is map[string]*declaration) []string {
	var out []string
	for _, name := range names(was, is) {
		a, b := was[name], is[name]
		if a != nil && b != nil && a.text == b.text {
			continue
		}
		line := toldAs(name, was, is, nil)
		if line != "" && a != nil && b != nil {
			line = name + ": " + strings.Join(d.between("", a, b), ", ")
		}
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// declaredIn are the declarations in a file of a runbook that is not its own.
func declaredIn(rb *lang.Runbook, path string) map[string]*declaration {
	all := map[string][]*declaration{}
	for name := range rb.Sources {
		if besideOf(rb, name) == path {
			declaredBy(all, rb, name)
		}
	}
	return together(all)
}

// between says what is assigned otherwise in a declaration, and which of its blocks differ. Path is where it stands.
func (d difference) between(path string, was, is *declaration) []string {
	var out []string
	switch {
	case was.several && !is.several:
		is = group([]*declaration{is})
	case is.several && !was.several:
		was = group([]*declaration{was})
	}
	if was.head != is.head {
		out = append(out, was.head+" is now "+is.head)
	}
	for _, name := range names(was.assigned, is.assigned) {
		a, had := was.assigned[name]
		b, has := is.assigned[name]
		switch at := path + name + " = "; {
		case !had:
			_, now := d.shown("", b.shown)
			out = append(out, at+now+" is new")
		case !has:
			then, _ := d.shown(a.shown, "")
			out = append(out, at+then+" is gone")
		case a.tokens != b.tokens:
			then, now := d.shown(a.shown, b.shown)
			out = append(out, at+then+" is now "+now)
		}
	}
	return append(out, d.blocks(path, was.blocks, is.blocks)...)
}

// blocks says which blocks of a declaration differ: those that are alike belong together, and the others as they stand in the file.
func (d difference) blocks(path string, was, is []*declaration) []string {
	gone, come := without(was, is), without(is, was)
	if len(gone)+len(come) == 0 {
		for i := range was {
			if was[i].text != is[i].text {
				return []string{"the order of " + path + was[i].kind() + " is another"}
			}
		}
		return nil
	}
	var out []string
	for _, a := range gone {
		at := path + called(a, was)
		i := slices.IndexFunc(come, func(b *declaration) bool { return b.head == a.head })
		if i < 0 {
			out = append(out, at+" is gone")
			continue
		}
		out = append(out, d.between(at+".", a, come[i])...)
		come = slices.Delete(come, i, i+1)
	}
	for _, b := range come {
		out = append(out, path+called(b, is)+" is new")
	}
	return out
}

// without are blocks of which others have no like.
func without(all, others []*declaration) []*declaration {
	like := map[string]int{}
	for _, o := range others {
		like[o.text]++
	}
	var out []*declaration
	for _, b := range all {
		if like[b.text]--; like[b.text] < 0 {
			out = append(out, b)
		}
	}
	return out
}

// called is how a block begins, and which it is where several begin like that.
func called(b *declaration, among []*declaration) string {
	n, at := 0, 0
	for _, other := range among {
		if other.head == b.head {
			n++
		}
		if other == b {
			at = n
		}
	}
	if n == 1 {
		return b.head
	}
	return fmt.Sprintf("%s (%d of %d)", b.head, at, n)
}

const (
	// mostShown is how many bytes of an expression are shown, and leadShown how many before the first that differs.
	mostShown = 60
	leadShown = 15
)

// shown are two expressions with no secret in them, as far as they are short, or from shortly before they differ.
func (d difference) shown(was, is string) (then, now string) {
	if d.blank != nil {
		was, is = string(d.blank([]byte(was))), string(d.blank([]byte(is)))
	}
	line := strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", " ")
	was, is = line.Replace(was), line.Replace(is)
	from := 0
	for from < len(was) && from < len(is) && was[from] == is[from] {
		from++
	}
	if from -= leadShown; from < leadShown || len(was) <= mostShown && len(is) <= mostShown {
		from = 0
	}
	return shortened(was, from), shortened(is, from)
}

// shortened is a text from a byte on, cut where it is long.
func shortened(text string, from int) string {
	lead := ""
	if from > 0 {
		for from < len(text) && !utf8.RuneStart(text[from]) {
			from++
		}
		text, lead = text[from:], "…"
	}
	if len(text) > mostShown {
		text = strings.ToValidUTF8(text[:mostShown], "") + "…"
	}
	return lead + text
}
