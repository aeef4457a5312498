package postgres

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// paramsOf writes the list `args` as parameters in text form, whose types the server infers from the statement.
func paramsOf(args cty.Value) ([][]byte, error) {
	if args == cty.NilVal || args.IsNull() {
		return nil, nil
	}
	if t := args.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return nil, fmt.Errorf("args is a %s; write a list, one element for each $1, $2 and so on", t.FriendlyName())
	}
	var params [][]byte
	for it := args.ElementIterator(); it.Next(); {
		_, v := it.Element()
		p, err := paramOf(v)
		if err != nil {
			return nil, fmt.Errorf("args: $%d: %w", len(params)+1, err)
		}
		params = append(params, p)
	}
	return params, nil
}

// paramOf writes a string, number or bool as it is, a list as an array, an object or map as JSON; null is NULL.
func paramOf(v cty.Value) ([]byte, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		if strings.ContainsRune(v.AsString(), 0) {
			return nil, fmt.Errorf("a text with a NUL character can't be sent to PostgreSQL")
		}
		return []byte(v.AsString()), nil
	case t == cty.Number:
		return []byte(v.AsBigFloat().Text('f', -1)), nil
	case t == cty.Bool:
		return fmt.Append(nil, v.True()), nil
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return arrayParam(v)
	}
	return ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
}

// arrayParam writes an array constant, "Array Value Input" in PostgreSQL's documentation.
func arrayParam(v cty.Value) ([]byte, error) {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var items []string
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		p, err := paramOf(item)
		if err != nil {
			return nil, err
		}
		t := item.Type()
		switch {
		case p == nil:
			items = append(items, "NULL")
		case t.IsTupleType() || t.IsListType() || t.IsSetType():
			items = append(items, string(p))
		default:
			items = append(items, `"`+quote.Replace(string(p))+`"`)
		}
	}
	return []byte("{" + strings.Join(items, ",") + "}"), nil
}
