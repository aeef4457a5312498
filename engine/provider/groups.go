package provider

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Blank reports a text that says nothing. The argument of an ExactlyOne group that is set must say something: an empty name is no
// name, and to a service it may mean everything.
func Blank(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.String && strings.TrimSpace(v.AsString()) == ""
}

// IsEmpty reports a list, set or map without an element.
func IsEmpty(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.IsKnown() && !v.IsNull() && v.CanIterateElements() && v.LengthInt() == 0
}

// Lacks says what an empty value of an argument that has to be filled lacks; empty: nothing.
func (a *Attribute) Lacks(v cty.Value) string {
	switch {
	case a.Filled && IsEmpty(v):
		return "at least one element"
	case a.Filled && Blank(v):
		return "at least one character"
	}
	return ""
}

// NullElement finds an element of a list or a map that is null, which no argument of such a type takes; false: none is.
func (a *Attribute) NullElement(v cty.Value) (key cty.Value, found bool) {
	v, _ = v.Unmark()
	if !a.Type.IsListType() && !a.Type.IsMapType() || !v.IsKnown() || v.IsNull() {
		return cty.NilVal, false
	}
	for it := v.ElementIterator(); it.Next(); {
		if key, item := it.Element(); item.IsNull() {
			return key, true
		}
	}
	return cty.NilVal, false
}

// Refuses says what no call takes of a value of the argument's type, whatever the parts of it come to that are not known yet; nil: nothing.
func (a *Attribute) Refuses(v cty.Value) error {
	if a.Public != "" && IsSensitive(v) {
		return fmt.Errorf("it holds a sensitive value: %s", a.Public)
	}
	v = bare(v)
	switch key, null := a.NullElement(v); {
	case v.IsKnown() && v.IsNull() && a.Required:
		return errors.New("it is null")
	case null && key.Type() == cty.String:
		return fmt.Errorf("element %q is null", key.AsString())
	case null:
		return fmt.Errorf("element %s is null", key.AsBigFloat().Text('f', 0))
	case a.Lacks(v) != "":
		return fmt.Errorf("it is empty, and takes %s", a.Lacks(v))
	case !v.IsWhollyKnown() || v.IsNull():
		return nil
	}
	return a.decode(v, reflect.New(a.goType).Elem())
}

// fits checks what an action as a whole demands of its arguments, for values that were not known before. value gives null for what
// is not set.
func (s *Spec) fits(value func(name string) cty.Value) error {
	for _, a := range s.Args().Attributes {
		if takes := a.Lacks(value(a.Name)); takes != "" {
			return fmt.Errorf("%s is empty, and takes %s: %s", a.Name, takes, a.Doc)
		}
	}
	return s.groups(value)
}

// together checks what no argument tells by itself, for values that were not known before.
func (s *Spec) together(args cty.Value) error {
	misfits := s.Misfits(args)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(misfits)) {
		errs = append(errs, errors.New(misfits[name]))
	}
	return errors.Join(errs...)
}

// Refuses says what no call takes of arguments that each may stand by itself, whatever those come to that are not known yet; nil: nothing.
func (s *Spec) Refuses(args cty.Value) error {
	if err := s.groups(args.GetAttr); err != nil {
		return err
	}
	return s.together(args)
}

// groups checks the arguments that exclude each other, for values that were not known before. value gives null for what is not set.
func (s *Spec) groups(value func(name string) cty.Value) error {
	set := func(name string) bool { return !value(name).IsNull() }
	open := func(name string) bool { return !value(name).IsKnown() }
	for _, group := range s.ExactlyOne {
		if slices.ContainsFunc(group, open) {
			continue // it may come to null
		}
		if n := count(group, set); n != 1 {
			return fmt.Errorf("%d of %s are set, expected exactly one", n, strings.Join(group, ", "))
		}
		for _, name := range group {
			if Blank(value(name)) {
				return fmt.Errorf("%s is empty, and would leave open what is meant", name)
			}
		}
	}
	for _, group := range s.AtMostOne {
		if slices.ContainsFunc(group, open) {
			continue
		}
		if n := count(group, set); n > 1 {
			return fmt.Errorf("%d of %s are set, which exclude each other", n, strings.Join(group, ", "))
		}
	}
	return nil
}

func count(names []string, set func(name string) bool) int {
	n := 0
	for _, name := range names {
		if set(name) {
			n++
		}
	}
	return n
}
