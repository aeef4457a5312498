package postgres

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// params are the values of $1, $2 and so on.
type params []cty.Value

// paramsOf reads the list `args`, whose types the server infers from the statement.
func paramsOf(args cty.Value) (params, error) {
	if args == cty.NilVal || args.IsNull() {
		return nil, nil
	}
	if t := args.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return nil, fmt.Errorf("args is a %s; write a list, one element for each $1, $2 and so on", t.FriendlyName())
	}
	p := params(args.AsValueSlice())
	_, err := p.encode(nil)
	return p, err
}

// encode writes them in text form, for parameters of these types; one whose type is not known as for any other but JSON.
func (p params) encode(types []uint32) ([][]byte, error) {
	var out [][]byte
	for i, v := range p {
		oid := uint32(0)
		if i < len(types) {
			oid = types[i]
		}
		text, err := paramOf(v, oid)
		if err != nil {
			return nil, fmt.Errorf("args: $%d: %w", i+1, err)
		}
		out = append(out, text)
	}
	return out, nil
}

// plain is encode for types that are not known; paramsOf has seen that it can be done.
func (p params) plain() [][]byte {
	out, _ := p.encode(nil)
	return out
}

// paramOf writes a string, number or bool as it is, a list as an array, an object or map as JSON; null is NULL. For JSON a list is one of
// JSON, and a string that is no JSON text is a string of JSON.
func paramOf(v cty.Value, oid uint32) ([]byte, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch t := v.Type(); {
	case t == cty.String && isJSON(oid) && !json.Valid([]byte(v.AsString())):
		return json.Marshal(v.AsString())
	case t == cty.String:
		if strings.ContainsRune(v.AsString(), 0) {
			return nil, fmt.Errorf("a text with a NUL character can't be sent to PostgreSQL")
		}
		return []byte(v.AsString()), nil
	case t == cty.Number:
		return []byte(v.AsBigFloat().Text('f', -1)), nil
	case t == cty.Bool:
		return fmt.Append(nil, v.True()), nil
	case isList(t) && !isJSON(oid):
		return arrayParam(v, oid)
	}
	return ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
}

func isList(t cty.Type) bool { return t.IsTupleType() || t.IsListType() || t.IsSetType() }

// arrayParam writes an array constant, "Array Value Input" in PostgreSQL's documentation.
func arrayParam(v cty.Value, oid uint32) ([]byte, error) {
	element := uint32(0)
	if oid == pgtype.JSONArrayOID || oid == pgtype.JSONBArrayOID {
		element = pgtype.JSONBOID
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var items []string
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		p, err := paramOf(item, element)
		if err != nil {
			return nil, err
		}
		switch {
		case p == nil:
			items = append(items, "NULL")
		case isList(item.Type()) && element == 0:
			items = append(items, string(p))
		default:
			items = append(items, `"`+quote.Replace(string(p))+`"`)
		}
	}
	return []byte("{" + strings.Join(items, ",") + "}"), nil
}
