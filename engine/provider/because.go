package provider

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// Because says what makes an action with these arguments, which may be partly unknown, more than a read, and where there is one, what
// does as a read what was perhaps meant: "postgres_query calls pg_terminate_backend, which …; postgres_activity shows …". Nothing of a
// sensitive argument is in it. Only of use where [Spec.Classify] gives no read.
func (s *Spec) Because(args cty.Value) string { return s.because(args) }

func (a *action[K, A, R]) because(args cty.Value) string {
	why := a.reason(args)
	if why == "" {
		why = a.spec.Name + " " + lower(strings.TrimSuffix(a.spec.Doc, "."))
	}
	if a.def.Instead != "" {
		why += "; " + a.def.Instead
	}
	return why
}

// reason is the definition's own word on the arguments; empty: it has none, or none that may be told.
func (a *action[K, A, R]) reason(args cty.Value) string {
	if a.def.Because == nil {
		return ""
	}
	if a.decides(args) {
		return "what " + a.spec.Name + " is to do is sensitive, and may be a change"
	}
	decoded := new(A)
	known, err := a.spec.Args().decodeKnown(args, decoded)
	if err != nil {
		return ""
	}
	return a.def.Because(decoded, known)
}

// decides reports whether an argument that the effect depends on is sensitive.
func (a *action[K, A, R]) decides(args cty.Value) bool {
	plain, _ := args.Unmark()
	if len(a.def.EffectArgs) == 0 || !plain.IsKnown() || plain.IsNull() {
		return IsSensitive(args)
	}
	for _, name := range a.def.EffectArgs {
		if IsSensitive(plain.GetAttr(name)) {
			return true
		}
	}
	return false
}

// lower has a sentence go on in the middle of another.
func lower(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	return string(unicode.ToLower(first)) + sentence[size:]
}
