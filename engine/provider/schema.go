package provider

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Object is the schema of a tagged struct: arguments, results or a configuration. Immutable.
type Object struct {
	// Attributes in the order of the struct's fields.
	Attributes []Attribute

	typ       cty.Type
	byName    map[string]int
	sensitive bool
	echoes    bool
	places    []string
}

// Attribute is one field of an [Object].
type Attribute struct {
	Name string
	// Doc is one line.
	Doc string
	// Type is the attribute's type in the language; cty.DynamicPseudoType for any.
	Type cty.Type
	// Unit is "ms", "seconds", "bytes", "percent", "RFC 3339" or "days" where the name's ending says so, else empty.
	Unit string
	// Required arguments must be given and not null.
	Required bool
	// Filled lists have at least one element where they are given.
	Filled bool
	// Sensitive values are marked and never shown.
	Sensitive bool
	// Echo is set for a result that tells what the arguments hold, or what was there in its place: it is sensitive where an
	// argument is.
	Echo bool
	// Place is set for an argument that says where the action acts, beside the configuration or in its place: a URL, a namespace, a
	// path of a file.
	Place bool
	// File is set for an argument that names a file of this machine, which the action or the client reads or writes: nothing else may take its
	// place while the run needs it. A relative path starts at the folder of the file that holds the block.
	File bool
	// Conduct is set for an argument of a configuration that decides how actions are carried out, and neither what they do nor where.
	Conduct bool
	// SaidIn names another argument that may say it itself, as a manifest has its own namespace; empty: none may.
	SaidIn string
	// Partly arguments tell Classify and its like what is known of them where the rest is not: a text its beginning, a list its elements,
	// a value of any type all of it, with what is not known in it.
	Partly bool
	// Public is set for an argument that others may read (those of a program stand in the list of processes): a sensitive
	// value is refused with this sentence, which says why and what to write instead. Empty: any value is taken.
	Public string
	// Duration arguments are strings that [ParseDuration] reads.
	Duration bool
	// Default is what a null argument stands for, in the language's own writing; empty: null.
	Default string
	// OneOf lists the permitted values of a string; empty: any.
	OneOf []string
	// Check names the static check of a constant string or number (see [Provider.Check]), CheckKeys that of a map's keys; empty:
	// none.
	Check, CheckKeys string
	// Fields are the attributes of the object or of the list's or map's element objects; nil elsewhere.
	Fields *Object

	index    int
	goType   reflect.Type
	codec    codec
	fallback cty.Value
}

// Type is the object type of the schema.
func (o *Object) Type() cty.Type { return o.typ }

// Sensitive reports whether any attribute, also of an inner object, is sensitive.
func (o *Object) Sensitive() bool { return o.sensitive }

// Attribute finds an attribute by name; nil where there is none.
func (o *Object) Attribute(name string) *Attribute {
	if i, ok := o.byName[name]; ok {
		return &o.Attributes[i]
	}
	return nil
}

// Names lists the attributes' names in declaration order.
func (o *Object) Names() []string {
	names := make([]string, len(o.Attributes))
	for i, a := range o.Attributes {
		names[i] = a.Name
	}
	return names
}

// Null is the object with every attribute null.
func (o *Object) Null() cty.Value {
	values := make(map[string]cty.Value, len(o.Attributes))
	for _, a := range o.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	return cty.ObjectVal(values)
}

func objectOf[T any]() *Object {
	return objectFor(reflect.TypeFor[T]())
}

// objectFor builds the schema of a struct type. A wrong declaration is a programming error, so it panics.
func objectFor(t reflect.Type) *Object {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("provider: %s is not a struct", t))
	}
	o := &Object{byName: map[string]int{}}
	types := map[string]cty.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("rb")
		if !ok {
			continue
		}
		a := attributeOf(t, f, tag)
		a.index = i
		if _, dup := o.byName[a.Name]; dup {
			panic(fmt.Sprintf("provider: %s has two attributes %q", t, a.Name))
		}
		o.byName[a.Name] = len(o.Attributes)
		o.Attributes = append(o.Attributes, a)
		types[a.Name] = a.Type
		if a.Place {
			o.places = append(o.places, a.Name)
		}
		o.sensitive = o.sensitive || a.Sensitive || (a.Fields != nil && a.Fields.sensitive)
		o.echoes = o.echoes || a.Echo || (a.Fields != nil && a.Fields.echoes)
	}
	o.typ = cty.Object(types)
	return o
}

func attributeOf(t reflect.Type, f reflect.StructField, tag string) Attribute {
	name, options, _ := strings.Cut(tag, ",")
	a := Attribute{
		Name: name, Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"), Check: f.Tag.Get("check"), CheckKeys: f.Tag.Get("check_keys"), Public: f.Tag.Get("public"), SaidIn: f.Tag.Get("said_in"),
		Unit: unitOf(name), goType: f.Type, Duration: f.Type == durationType || f.Type == reflect.PointerTo(durationType),
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "required":
			a.Required = true
		case "filled":
			a.Filled = true
		case "sensitive":
			a.Sensitive = true
		case "echo":
			a.Echo = true
		case "place":
			a.Place = true
		case "file":
			a.File = true
		case "conduct":
			a.Conduct = true
		case "partly":
			a.Partly = true
		default:
			panic(fmt.Sprintf("provider: %s.%s: unknown option %q", t, f.Name, option))
		}
	}
	if list := f.Tag.Get("one_of"); list != "" {
		a.OneOf = strings.Split(list, ",")
	}
	a.codec = codecOf(f.Type)
	a.Type = a.codec.typ
	a.Fields = a.codec.fields
	a.fallback = cty.NullVal(a.Type)
	if a.Default != "" {
		a.fallback = parseDefault(a.Default, a.Type)
	}
	return a
}

// OrDefault is what an action is given as the attribute: of null its default.
func (a *Attribute) OrDefault(v cty.Value) cty.Value {
	if v.IsNull() {
		return a.fallback
	}
	return v
}

var units = []struct{ suffix, unit string }{
	{"_ms", "ms"}, {"_seconds", "seconds"}, {"_bytes", "bytes"}, {"_percent", "percent"}, {"_at", "RFC 3339"},
	{"_days", "days"}, {"_minutes", "minutes"}, {"_millicores", "millicores"},
}

func unitOf(name string) string {
	for _, u := range units {
		if strings.HasSuffix(name, u.suffix) {
			return u.unit
		}
	}
	return ""
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	valueType    = reflect.TypeFor[cty.Value]()
)
