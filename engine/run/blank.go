package run

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"
)

// Blanked is a copy of an event in which blank went over every text, the numbers and keys of results included, and the event
// itself where there is nothing to blank. What the program says by itself, or a file says in the open, has the tag blank:"-" and is
// left alone, and so are addresses, as none whose key holds a secret comes to be: what becomes one later was told before. A secret as short as "2026", "true" or "step" stands
// in the JSON of any event by chance, and that must stay one that can be read.
func (e *Event) Blanked(blank func([]byte) []byte) *Event {
	copied, _ := blanker(blank).value(reflect.ValueOf(e), "").Interface().(*Event) // it has the type of what it is a copy of
	if e.Type == StepFinished && (e.Outcome == Blocked || e.Outcome == Cancelled) {
		copied.Error = e.Error // why it did not run, or not to its end: words of the program and names of steps
	}
	return copied
}

// BlankEvent is the JSON of an event, blanked as Blanked does; text itself where blank finds nothing in it. A text that is no event is
// blanked as a whole.
func BlankEvent(text []byte, blank func([]byte) []byte) []byte {
	whole := blank(text)
	if bytes.Equal(whole, text) {
		return text
	}
	var e Event
	if json.Unmarshal(text, &e) != nil {
		return whole
	}
	clean, err := json.Marshal(e.Blanked(blank))
	if err != nil {
		return whole
	}
	return clean
}

// BlankJSON goes with blank over the texts, keys and numbers of any JSON, so that it stays JSON; text itself where blank finds nothing
// in it.
func BlankJSON(text []byte, blank func([]byte) []byte) []byte {
	whole := blank(text)
	if bytes.Equal(whole, text) {
		return text
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return whole
	}
	var clean bytes.Buffer
	e := json.NewEncoder(&clean)
	e.SetEscapeHTML(false)
	if e.Encode(blanker(blank).decoded(v)) != nil {
		return whole
	}
	return bytes.TrimSuffix(clean.Bytes(), []byte("\n"))
}

// blanker blanks secrets in a text.
type blanker func([]byte) []byte

func (b blanker) text(s string) string { return string(b([]byte(s))) }

// decoded is a value of JSON. A number in which there is a secret becomes a text. A moment is none: what a command was noted with is
// read again after a crash.
func (b blanker) decoded(v any) any {
	switch v := v.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return v
		}
		return b.text(v)
	case json.Number:
		if clean := b.text(v.String()); clean != v.String() {
			return clean
		}
	case []any:
		for i := range v {
			v[i] = b.decoded(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, item := range v {
			clean[b.text(key)] = b.decoded(item)
		}
		return clean
	}
	return v
}

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[string]()
)

// value is a copy of a part of an event; tag is the field's own. A text of a type of its own, such as an outcome, is one of a few words.
func (b blanker) value(v reflect.Value, tag string) reflect.Value {
	switch {
	case tag == "-" || v.Type() == timeType:
	case v.Type() == rawType:
		return reflect.ValueOf(json.RawMessage(BlankJSON(v.Bytes(), b)))
	case v.Type() == textType:
		return reflect.ValueOf(b.text(v.String()))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return b.pointed(v, tag)
	case v.Kind() == reflect.Struct:
		return b.fields(v)
	case v.Kind() == reflect.Slice && !v.IsNil():
		clean := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			clean.Index(i).Set(b.value(v.Index(i), tag))
		}
		return clean
	case v.Kind() == reflect.Map && !v.IsNil():
		clean := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			key := it.Key()
			if tag != "values" {
				key = b.value(key, "")
			}
			clean.SetMapIndex(key, b.value(it.Value(), ""))
		}
		return clean
	}
	return v
}

// pointed is a copy of what a pointer points at; nil where that is a number with a secret in it.
func (b blanker) pointed(v reflect.Value, tag string) reflect.Value {
	if number := v.Elem(); number.CanFloat() {
		text, err := json.Marshal(number.Float())
		if err != nil || b.text(string(text)) != string(text) {
			return reflect.Zero(v.Type())
		}
	}
	clean := reflect.New(v.Type().Elem())
	clean.Elem().Set(b.value(v.Elem(), tag))
	return clean
}

func (b blanker) fields(v reflect.Value) reflect.Value {
	clean := reflect.New(v.Type()).Elem()
	for i := range v.NumField() {
		clean.Field(i).Set(b.value(v.Field(i), v.Type().Field(i).Tag.Get("blank")))
	}
	return clean
}
