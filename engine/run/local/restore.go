package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// sealedResult is what an event leaves out of a result: the whole of it, with the places of what is sensitive.
type sealedResult struct {
	Result    json.RawMessage `json:"result"`
	Sensitive []path          `json:"sensitive,omitempty"`
	// Undo is what the undo refers to.
	Undo *sealedResult `json:"undo,omitempty"`
	// Place is where a write is sent to, or its undo has to act, where that is secret.
	Place string `json:"place,omitempty"`
	// System is what the configuration of the undo names of it.
	System string `json:"system,omitempty"`
}

// path is a path into a value: names and indexes.
type path []any

// sealedOf writes a result whole, with the places of what is sensitive in it.
func sealedOf(v cty.Value) sealedResult {
	plain, marked := v.UnmarkDeepWithPaths()
	out := sealedResult{Result: lang.ValueToJSON(plain)}
	for _, m := range marked {
		out.Sensitive = append(out.Sensitive, pathOf(m.Path))
	}
	return out
}

func pathOf(p cty.Path) path {
	out := path{}
	for _, s := range p {
		switch s := s.(type) {
		case cty.GetAttrStep:
			out = append(out, s.Name)
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				out = append(out, s.Key.AsString())
				continue
			}
			if s.Key.Type() == cty.Number {
				n, _ := s.Key.AsBigFloat().Int64()
				out = append(out, n)
				continue
			}
			return out // an element of a set: the set as a whole is sensitive then
		}
	}
	return out
}

// restore reads a recorded result back. lost says why there is none: it was sensitive, and is not to be had any more. Of a write that counts
// as done, as word says, a part of the result may be known alone; then that is lost too, as is what an older version did not record.
func (p *Past) restore(step *lang.Step, e *run.Event, sealed []byte, word string) (_ cty.Value, lost string) {
	ty := step.Spec.Spec().Results().Type()
	known := ty
	if word != "" {
		known = toldOf(ty, e.Result)
	}
	var lacks []string
	read := func(text json.RawMessage) (v cty.Value, err error) {
		v, lacks, err = lang.ResultToValue(text, withTypes(known, e.ResultTypes))
		return v, err
	}
	v, lost := p.readBack(resultPart, e.Result, read, sealed, whole)
	if lost != "" {
		return v, lost
	}
	var why []string
	if !known.Equals(ty) {
		why = append(why, word)
	}
	if len(lacks) > 0 {
		why = append(why, "an older version recorded it without "+strings.Join(lacks, ", "))
	}
	return v, strings.Join(why, ", and ")
}

// typesBeside are the types of those among values whose JSON does not tell them, by name.
func typesBeside(values map[string]cty.Value) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	for name, v := range values {
		out = addType(out, name, v)
	}
	return out
}

func addType(types map[string]json.RawMessage, name string, v cty.Value) map[string]json.RawMessage {
	text := lang.TypeBeside(v)
	if text == nil {
		return types
	}
	if types == nil {
		types = map[string]json.RawMessage{}
	}
	types[name] = text
	return types
}

// typeTold is the type of a value, as far as it was told beside its JSON.
func typeTold(types map[string]json.RawMessage, name string) cty.Type {
	if text, told := types[name]; told {
		return lang.TypeOf(text)
	}
	return cty.DynamicPseudoType
}

// tellResultTypes has an event tell the types of those parts of a step's result of which the schema leaves that open.
func tellResultTypes(e *run.Event, step *lang.Step, result cty.Value) {
	plain, _ := result.Unmark()
	if step.Spec == nil || plain.IsNull() || !plain.IsKnown() {
		return
	}
	for name, ty := range step.Spec.Spec().Results().Type().AttributeTypes() {
		if ty.Equals(cty.DynamicPseudoType) && plain.Type().HasAttribute(name) {
			e.ResultTypes = addType(e.ResultTypes, name, plain.GetAttr(name))
		}
	}
}

// withTypes is the type of a result whose open parts were told beside its JSON.
func withTypes(ty cty.Type, told map[string]json.RawMessage) cty.Type {
	if len(told) == 0 {
		return ty
	}
	types := maps.Clone(ty.AttributeTypes())
	for name, is := range types {
		if is.Equals(cty.DynamicPseudoType) {
			types[name] = typeTold(told, name)
		}
	}
	return cty.Object(types)
}

// resultPart is what the result of a step is called where it can't be read back.
const resultPart = "its result"

// toldOf is the type of those results that a text has.
func toldOf(ty cty.Type, text json.RawMessage) cty.Type {
	var has map[string]json.RawMessage
	if json.Unmarshal(text, &has) != nil {
		return ty // reading it as a value says what is wrong
	}
	types := maps.Clone(ty.AttributeTypes())
	maps.DeleteFunc(types, func(name string, _ cty.Type) bool { return has[name] == nil })
	return cty.Object(types)
}

// whole is all that is sealed.
func whole(s *sealedResult) *sealedResult { return s }

// readBack reads a value of the history. what is what it is called where it can't be, part takes it out of what is sealed; nil: it is not
// there.
func (p *Past) readBack(
	what string, text json.RawMessage, read func(json.RawMessage) (cty.Value, error), sealed []byte, part func(*sealedResult) *sealedResult,
) (_ cty.Value, lost string) {
	kept := &sealedResult{Result: slices.Clone(text)} // which is written over
	if sealed != nil {
		if lost := p.open(what, sealed, kept); lost != "" {
			return cty.NilVal, lost
		}
		if kept = part(kept); kept == nil {
			return cty.NilVal, what + " is sensitive and can't be read back: it was not kept"
		}
	}
	clean, blanks := withoutBlanks(text)
	if sealed == nil {
		kept.Result = clean
	}
	v, err := read(kept.Result)
	if err != nil {
		return cty.NilVal, unreadable(what, err)
	}
	for _, b := range blanks {
		if sealed == nil {
			v = changeAt(v, b.at, unknown)
		} else {
			v = p.cfg.guard(v, b)
		}
	}
	for _, at := range kept.Sensitive {
		v = changeAt(v, at, sensitive)
	}
	return v, ""
}

// guard makes a part of a value sensitive in which something was blanked that nobody had marked, unless this session blanks just that by itself: then
// it is what it was in the session that it is of.
func (c *Config) guard(v cty.Value, b blank) cty.Value {
	return changeAt(v, b.at, func(part cty.Value) cty.Value {
		if plain, _ := part.Unmark(); plain.Type() == cty.String && plain.IsKnown() && !plain.IsNull() && c.shown(plain.AsString()) == b.seen {
			return part
		}
		return sensitive(part)
	})
}

// open decrypts what an event left out, a sealedResult. lost says why that can't be had.
func (p *Past) open(what string, sealed []byte, kept any) (lost string) {
	if p.cfg.Unseal == nil {
		return what + " is sensitive, and was not read back"
	}
	plain, err := p.cfg.Unseal(sealed)
	if err == nil {
		err = json.Unmarshal(plain, kept)
	}
	if err != nil {
		return what + " is sensitive and can't be read back: " + err.Error()
	}
	return ""
}

// unreadable says that a part of the history is not what it should be.
func unreadable(what string, err error) string {
	return what + " in the history can't be read: " + err.Error()
}

// as reads a value of a type.
func as(ty cty.Type) func(json.RawMessage) (cty.Value, error) {
	return func(text json.RawMessage) (cty.Value, error) { return lang.JSONToValue(text, ty) }
}

func sensitive(v cty.Value) cty.Value { return v.Mark(provider.Sensitive) }

// unknown stands for what was not kept: whatever needs it errs, and what does not goes on.
func unknown(v cty.Value) cty.Value { return cty.UnknownVal(v.Type()).Mark(provider.Sensitive) }

// blank is a string in which something was blanked: its place, and what everybody may see of it.
type blank struct {
	at   path
	seen string
}

// withoutBlanks takes out of a JSON text the strings in which a sensitive value was blanked, and gives these.
func withoutBlanks(text json.RawMessage) (json.RawMessage, []blank) {
	if !lang.HoldsBlank(text) {
		return text, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // as it was written, to the last digit
	var tree any
	if d.Decode(&tree) != nil {
		return text, nil // reading it as a value says what is wrong
	}
	var blanks []blank
	tree = blanked(tree, nil, &blanks)
	clean, err := json.Marshal(tree)
	if err != nil {
		return text, nil
	}
	return clean, blanks
}

func blanked(v any, at path, blanks *[]blank) any {
	switch v := v.(type) {
	case string:
		if lang.IsBlank(v) {
			*blanks = append(*blanks, blank{slices.Clone(at), v})
			return nil
		}
	case map[string]any:
		for k := range v {
			v[k] = blanked(v[k], append(at, k), blanks)
		}
	case []any:
		for i := range v {
			v[i] = blanked(v[i], append(at, int64(i)), blanks)
		}
	}
	return v
}

// changeAt changes a part of a value; a path that leads nowhere changes what it leads to.
func changeAt(v cty.Value, at path, change func(cty.Value) cty.Value) cty.Value {
	if len(at) == 0 {
		return change(v)
	}
	plain, marks := v.Unmark()
	if plain.IsNull() || !plain.IsKnown() {
		return v
	}
	ty := plain.Type()
	name := fmt.Sprint(at[0])
	if f, ok := at[0].(float64); ok {
		name = fmt.Sprint(int64(f))
	}
	switch {
	case ty.IsObjectType() && ty.HasAttribute(name):
		attrs := plain.AsValueMap()
		attrs[name] = changeAt(attrs[name], at[1:], change)
		return cty.ObjectVal(attrs).WithMarks(marks)
	case ty.IsMapType() && plain.HasIndex(cty.StringVal(name)).True():
		attrs := plain.AsValueMap()
		attrs[name] = changeAt(attrs[name], at[1:], change)
		return cty.MapVal(attrs).WithMarks(marks)
	case ty.IsListType() || ty.IsTupleType():
		items := plain.AsValueSlice()
		var i int
		if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(items) {
			return change(v)
		}
		items[i] = changeAt(items[i], at[1:], change)
		if ty.IsTupleType() {
			return cty.TupleVal(items).WithMarks(marks)
		}
		return cty.ListVal(items).WithMarks(marks)
	}
	return change(v)
}

// lostFrame is an instance of a key whose value is not known any more; why may be empty.
func lostFrame(key, why string) lang.Frame {
	return lang.Frame{EachKey: cty.StringVal(key), EachValue: cty.DynamicVal, EachLost: why}
}

func millisecondsOf(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
