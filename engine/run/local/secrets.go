package local

import (
	"iter"

	"github.com/zclconf/go-cty/cty"

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

// TellAttribute tells the secrets of an attribute's value. Of a map that is sensitive as a whole, such as headers, not all is secret.
func TellAttribute(a *provider.Attribute, v cty.Value, sink SecretSink) {
	if a.Sensitive && !a.Type.IsMapType() {
		TellInputs(v, sink)
		return
	}
	TellSecrets(v, sink)
}

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
		for text := range Texts(part) {
			tell(text)
		}
	}
}

// Texts are the strings and numbers in a value without marks.
func Texts(v cty.Value) iter.Seq[string] {
	return func(yield func(string) bool) { eachText(v, yield) }
}

func eachText(v cty.Value, yield func(string) bool) bool {
	switch {
	case v.IsNull() || !v.IsKnown():
		return true
	case v.Type() == cty.String:
		return yield(v.AsString())
	case v.Type() == cty.Number: // a PIN
		return yield(v.AsBigFloat().Text('f', -1))
	case !v.CanIterateElements():
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, item := it.Element(); !eachText(item, yield) {
			return false
		}
	}
	return true
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
