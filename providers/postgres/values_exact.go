package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// inexactError says that a value can't be given back as it is told: an undo would make another one of it.
type inexactError string

func (e inexactError) Error() string { return string(e) }

// maxExactExponent is, in bits, up to where the history keeps a number.
const maxExactExponent = 1 << 15

// decodeExactNumber refuses a number that the history does not keep.
func decodeExactNumber(text string) (cty.Value, error) {
	v, err := decodeNumber(text)
	if err != nil {
		return v, err
	}
	if exponent := v.AsBigFloat().MantExp(nil); exponent > maxExactExponent || exponent < -maxExactExponent {
		return cty.NilVal, inexactError(fmt.Sprintf("a number of %d characters is too large or too small to be kept", len(text)))
	}
	return v, nil
}

// decodeExactJSON tells the null of JSON from NULL, which the language can't, and refuses what is lost of other JSON.
func decodeExactJSON(text string) (cty.Value, error) {
	if strings.TrimSpace(text) == "null" {
		return cty.NilVal, errors.New("the null of JSON is null here, as NULL is")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := exactJSON(d); err != nil {
		return cty.NilVal, err
	}
	v, err := jsonDecoder.decode(text)
	if err == nil && v.Type() == cty.String && json.Valid([]byte(v.AsString())) {
		return cty.NilVal, inexactError("its JSON is a text that is JSON by itself, and would be given back as that")
	}
	return v, err
}

// decodeExactElement is decodeExactJSON for an element of an array.
func decodeExactElement(text string) (cty.Value, error) {
	if strings.TrimSpace(text) == "null" {
		return cty.NilVal, inexactError("its array has the null of JSON in it, which would be given back as NULL")
	}
	return decodeExactJSON(text)
}

// decodeExactArray refuses an array that would be given back in another form: its bounds are not told, and of JSON a list in it
// is one of JSON.
func decodeExactArray(text string, element decoder, ofJSON bool) (cty.Value, error) {
	switch {
	case strings.HasPrefix(text, "["):
		return cty.NilVal, inexactError("its array does not begin at 1, which is not told")
	case ofJSON && strings.HasPrefix(text, "{{"):
		return cty.NilVal, inexactError("it is an array of JSON with more than one dimension, and would be given back as an array of lists of JSON")
	}
	return decodeArray(text, element)
}

// exactJSON reads one value, and says what of it the language does not hold.
func exactJSON(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if n, ok := t.(json.Number); ok {
		return exactJSONNumber(n)
	}
	if t != json.Delim('{') && t != json.Delim('[') {
		return nil
	}
	var keys []string
	for d.More() {
		if t == json.Delim('{') {
			key, err := d.Token()
			if err != nil {
				return err
			}
			keys = append(keys, fmt.Sprint(key))
		}
		if err := exactJSON(d); err != nil {
			return err
		}
	}
	slices.Sort(keys)
	if len(slices.Compact(slices.Clone(keys))) != len(keys) {
		return inexactError("its JSON has a key twice, of which only the last is told")
	}
	_, err = d.Token()
	return err
}

func exactJSONNumber(n json.Number) error {
	want, err := provider.ParseNumber(n.String())
	if err != nil {
		return inexactError("its JSON has a number that can't be told")
	}
	got := provider.FromGo(n)
	if got.IsNull() || got.AsBigFloat().Cmp(want) != 0 {
		return inexactError("its JSON has a number that is too large or too small to be told")
	}
	return nil
}
