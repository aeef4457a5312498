package lang

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/provider"
)

// JSONToValue reads what [ValueToJSON] wrote of a value of a type. Parts whose type is open become what the JSON says:
// objects, tuples, strings, numbers, bools.
func JSONToValue(text json.RawMessage, ty cty.Type) (cty.Value, error) {
	if len(text) == 0 {
		return cty.NullVal(ty), nil
	}
	v, err := provider.ExactJSON(text)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	converted, err := convert.Convert(v, ty)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read a value: %w", err)
	}
	return converted, nil
}

// Blank stands in the place of a sensitive value.
const Blank = sensitiveText

// HoldsBlank reports whether a JSON text holds the words that stand in the place of a sensitive value.
func HoldsBlank(text json.RawMessage) bool { return bytes.Contains(text, []byte(sensitiveText)) }

// IsBlank reports whether a sensitive value was blanked in a text, or the whole of it.
func IsBlank(text string) bool { return strings.Contains(text, sensitiveText) }
