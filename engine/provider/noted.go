package provider

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// NotedValue is a value of a result in a note, without its marks: a note that holds what is sensitive is sealed as a whole. Lists come
// back as tuples, maps as objects.
type NotedValue struct{ cty.Value }

// MarshalJSON writes the value as plain JSON.
func (v NotedValue) MarshalJSON() ([]byte, error) {
	if v.Value == cty.NilVal {
		return []byte("null"), nil
	}
	plain, _ := v.UnmarkDeep()
	return ctyjson.SimpleJSONValue{Value: plain}.MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *NotedValue) UnmarshalJSON(text []byte) error {
	read, err := ExactJSON(text)
	if err != nil {
		return fmt.Errorf("read a value of a note: %w", err)
	}
	v.Value = read
	return nil
}
