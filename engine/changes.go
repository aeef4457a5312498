package engine

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// changes is what differs between the files of a run and those of now.
type changes struct {
	// touched are the steps whose own text, or something that they refer to, is another; told says what changed, for people.
	touched local.Touched
	told    []string
	// before is the runbook as it was; nil: it is as it was.
	before *Runbook
	// files are what is wrong with files that expressions read.
	files hcl.Diagnostics
	// moved says that configurations name other systems than they did.
	moved bool
}

// compare finds what changed between a runbook as it was and as it is. Comments and white space don't count. blank blanks secrets in what is
// shown of it; nil: there are none.
func compare(before, after *lang.Runbook, blank func([]byte) []byte) changes {
	was, is := declarations(before), declarations(after)
	writes := writesOf(after)
	out := changes{touched: newToucher(before, after, keepsValue).touched()}
	for _, name := range names(was, is) {
		a, b := was[name], is[name]
		if a != nil && b != nil && a.text == b.text {
			continue
		}
		if keepsValue(before, after, name) {
			out.told = append(out.told, name+" differs: it keeps the value that the run has")
			continue
		}
		if text := toldAs(name, was, is, writes); text != "" {
			if strings.HasSuffix(text, " differs") || strings.HasSuffix(text, " differ") {
				text += difference{before, after, blank}.of(name, a, b)
			}
			if strings.HasPrefix(name, "environment ") && a != nil && b != nil && a.assigned["variables"] != b.assigned["variables"] {
				text += "; variables keep the values that the run has"
			}
			out.told = append(out.told, text)
		}
	}
	then, now := namesIn(before, after, writes), namesIn(after, before, writes)
	for i := range min(len(then), len(now)) {
		if then[i] != now[i] {
			out.told = append(out.told, "the order of writes is another: "+now[i]+" comes before "+then[i])
			break
		}
	}
	return out
}

// namesIn are the steps of a runbook that another has too and that write, in the order in which they take turns: a read that one of them waits
// for may decide about that.
func namesIn(rb, other *lang.Runbook, writes map[string]bool) []string {
	has := map[string]bool{}
	for _, s := range other.Steps {
		has[s.Name] = true
	}
	var out []string
	for _, s := range graph.Ordered(rb) {
		if has[s.Name] && writes["step "+s.Name] {
			out = append(out, s.Name)
		}
	}
	return out
}

// keepsValue reports whether a declaration is that of a variable of the same type as before: its value is the run's, whatever the default
// is now.
func keepsValue(before, after *lang.Runbook, name string) bool {
	v, ok := strings.CutPrefix(name, "var ")
	if !ok || before.Variables[v] == nil || after.Variables[v] == nil {
		return false
	}
	return before.Variables[v].Type.Equals(after.Variables[v].Type)
}

// goneWords say that a declaration is gone.
func goneWords(name string) string { return name + " is gone" }

// toldAs says what is different about a declaration; nothing of a part of a step that is new or gone as a whole.
func toldAs(name string, was, is map[string]*declaration, writes map[string]bool) string {
	be, differ := " is", " differs"
	step, checks := strings.CutPrefix(name, checksPart)
	if checks {
		be, differ = " are", " differ"
	}
	step = strings.TrimPrefix(step, undoPart)
	switch had, has := was[name] != nil, is[name] != nil; {
	case step != name && (was[step] == nil || is[step] == nil):
		return ""
	case checks && writes[step]:
		return name + " differ: a write is not repeated for that"
	case !has && be == " is":
		return goneWords(name)
	case !has:
		return name + be + " gone"
	case !had:
		return name + be + " new"
	}
	return name + differ
}

// writesOf are the steps that change something: what looks at what they gave is changed without doing that again.
func writesOf(rb *lang.Runbook) map[string]bool {
	out := map[string]bool{}
	for _, s := range rb.Steps {
		out["step "+s.Name] = graph.Effect(s) > provider.Read
	}
	return out
}
