package local

import (
	"iter"
	"regexp"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// SecretSink blanks wherever it shows up what it is told of.
type SecretSink interface {
	// Add is told what is surely secret: what secret(…) gave, a sensitive variable, a password.
	Add(secret string)
	// Suspect is told what stands where secrets may: in a sensitive result, in arguments that are made of one, among headers. What
	// stands in the open too is none.
	Suspect(text string)
	// Open is told what stands in the open: in the files of a runbook, and as an input. Texts must not change.
	Open(texts iter.Seq[string])
}

// TellSecrets tells every sensitive string and number in a value, as suspected: what it is made of was told for itself.
func TellSecrets(v cty.Value, sink SecretSink) {
	if sink != nil {
		tellMarked(v, sink.Suspect)
	}
}

// TellInputs is TellSecrets for what somebody called sensitive, and so is surely secret.
func TellInputs(v cty.Value, sink SecretSink) {
	if sink != nil {
		tellMarked(v, sink.Add)
	}
}

// TellAttribute tells the secrets of an attribute's value. Of a map that is sensitive as a whole, such as headers, not all is secret: that is
// sure of those whose name says so.
func TellAttribute(a *provider.Attribute, v cty.Value, sink SecretSink) {
	plain, _ := v.Unmark()
	switch {
	case !a.Sensitive:
		TellSecrets(v, sink)
	case !a.Type.IsMapType():
		TellInputs(v, sink)
	case plain.IsKnown() && !plain.IsNull():
		for name, item := range plain.AsValueMap() {
			if item = item.Mark(provider.Sensitive); secretive.MatchString(name) {
				TellInputs(item, sink)
			} else {
				TellSecrets(item, sink)
			}
		}
	}
}

// secretive are names of what is secret, such as X-Api-Key and Cookie.
var secretive = regexp.MustCompile(`(?i)auth|cookie|cred|key|pass|pin|pwd|secret|sess|sign|token`)

func tellMarked(v cty.Value, tell func(string)) {
	if v.Type().IsPrimitiveType() && !v.IsMarked() || !v.ContainsMarked() {
		return
	}
	_, marked := v.UnmarkDeepWithPaths()
	plain, _ := v.UnmarkDeep()
	for _, at := range marked {
		if _, ok := at.Marks[provider.Sensitive]; !ok {
			continue
		}
		part, err := at.Path.Apply(plain)
		if err != nil {
			continue // a path into a set: the set as a whole is marked then
		}
		for text := range lang.Texts(part) {
			tell(text)
		}
	}
}

// tellResult tells the secrets of a result. Only what its schema calls sensitive, or leaves open, can hold one.
func tellResult(schema *provider.Object, result cty.Value, sink SecretSink) {
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		if !result.Type().HasAttribute(a.Name) { // of a write that counts as done, a part is known
			continue
		}
		if holdsSecrets(a) {
			TellSecrets(result.GetAttr(a.Name), sink)
		}
	}
}

// holdsSecrets reports whether an attribute of a result can hold a secret.
func holdsSecrets(a *provider.Attribute) bool {
	return a.Sensitive || a.Type == cty.DynamicPseudoType || a.Fields != nil && a.Fields.Sensitive()
}
