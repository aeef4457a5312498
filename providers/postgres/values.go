package postgres

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// decoder makes a language value of a value's text form. An error means that the value has none; its text ends
// "is null here: …".
type decoder struct {
	null   cty.Value
	decode func(text string) (cty.Value, error)
}

var (
	stringDecoder = decoder{cty.NullVal(cty.String), decodeString}
	numberDecoder = decoder{cty.NullVal(cty.Number), decodeNumber}
	boolDecoder   = decoder{cty.NullVal(cty.Bool), func(t string) (cty.Value, error) { return cty.BoolVal(t == "t"), nil }}
	jsonDecoder   = decoder{cty.NullVal(cty.DynamicPseudoType), func(t string) (cty.Value, error) { return provider.FromJSON([]byte(t)) }}
	bytesDecoder  = decoder{cty.NullVal(cty.String), decodeBytes}
	timeDecoder   = decoder{cty.NullVal(cty.String), decodeTime}
)

// decoders by type; every other type is the string that the server writes for it.
var decoders = map[uint32]decoder{
	pgtype.BoolOID: boolDecoder,
	pgtype.Int2OID: numberDecoder, pgtype.Int4OID: numberDecoder, pgtype.Int8OID: numberDecoder,
	pgtype.OIDOID: numberDecoder, pgtype.Float4OID: numberDecoder, pgtype.Float8OID: numberDecoder,
	pgtype.NumericOID: numberDecoder,
	pgtype.JSONOID:    jsonDecoder, pgtype.JSONBOID: jsonDecoder,
	pgtype.ByteaOID:       bytesDecoder,
	pgtype.TimestamptzOID: timeDecoder, pgtype.TimestampOID: timeDecoder,
}

// arrayElements gives the element's type of each array type that PostgreSQL has itself.
var arrayElements = map[uint32]uint32{
	pgtype.BoolArrayOID: pgtype.BoolOID, pgtype.Int2ArrayOID: pgtype.Int2OID, pgtype.Int4ArrayOID: pgtype.Int4OID,
	pgtype.Int8ArrayOID: pgtype.Int8OID, pgtype.OIDArrayOID: pgtype.OIDOID, pgtype.Float4ArrayOID: pgtype.Float4OID,
	pgtype.Float8ArrayOID: pgtype.Float8OID, pgtype.NumericArrayOID: pgtype.NumericOID,
	pgtype.JSONArrayOID: pgtype.JSONOID, pgtype.JSONBArrayOID: pgtype.JSONBOID, pgtype.ByteaArrayOID: pgtype.ByteaOID,
	pgtype.TimestamptzArrayOID: pgtype.TimestamptzOID, pgtype.TimestampArrayOID: pgtype.TimestampOID,
	pgtype.DateArrayOID: pgtype.DateOID, pgtype.TimeArrayOID: pgtype.TimeOID, pgtype.TextArrayOID: pgtype.TextOID,
	pgtype.VarcharArrayOID: pgtype.VarcharOID, pgtype.BPCharArrayOID: pgtype.BPCharOID,
	pgtype.NameArrayOID: pgtype.NameOID, pgtype.UUIDArrayOID: pgtype.UUIDOID, pgtype.InetArrayOID: pgtype.InetOID,
	pgtype.CIDRArrayOID: pgtype.CIDROID, pgtype.IntervalArrayOID: pgtype.IntervalOID,
	pgtype.XIDArrayOID: pgtype.XIDOID, pgtype.CIDArrayOID: pgtype.CIDOID, pgtype.MacaddrArrayOID: pgtype.MacaddrOID,
}

// use is what values are for.
type use uint8

const (
	// looking is for people and checks.
	looking use = iota
	// giving is for args too: what is told of a value makes the same value again.
	giving
	// undoing is as giving, where the step's undo counts on it.
	undoing
)

// givenBack is what rows before and after a change are for.
func givenBack(counted bool) use {
	if counted {
		return undoing
	}
	return giving
}

// decoderOf gives the decoder of a type. An array is a tuple of its elements; arrays of types that the database
// defines itself are strings, as those types are.
func decoderOf(oid uint32, use use) decoder {
	switch {
	case oid == pgtype.ByteaOID && use != looking:
		return decoder{cty.NullVal(cty.String), decodeHex}
	case oid == pgtype.NumericOID && use == undoing:
		return decoder{numberDecoder.null, decodeExactNumber}
	case isJSON(oid) && use == undoing:
		return decoder{jsonDecoder.null, decodeExactJSON}
	}
	if element, ok := arrayElements[oid]; ok {
		d, decode := decoderOf(element, use), decodeArray
		if use == undoing {
			decode = func(t string, d decoder) (cty.Value, error) { return decodeExactArray(t, d, isJSON(element)) }
		}
		if isJSON(element) && use == undoing {
			d.decode = decodeExactElement
		}
		return decoder{cty.NullVal(cty.DynamicPseudoType), func(t string) (cty.Value, error) { return decode(t, d) }}
	}
	if d, ok := decoders[oid]; ok {
		return d
	}
	return stringDecoder
}

// value decodes one value. What has no value in the language is null, and warn tells of it.
func (d decoder) value(raw []byte, warn func(error)) cty.Value {
	if raw == nil {
		return d.null
	}
	v, err := d.decode(string(raw))
	if err != nil {
		warn(err)
		return d.null
	}
	return v
}

// decodeString keeps what is UTF-8; a database in SQL_ASCII may hold other bytes.
func decodeString(text string) (cty.Value, error) {
	return cty.StringVal(strings.ToValidUTF8(text, "\uFFFD")), nil
}

// decodeNumber keeps every digit: a number of the language has 512 bits, or more where that is too few.
func decodeNumber(text string) (cty.Value, error) {
	f, err := provider.ParseNumber(text)
	if err != nil || f.IsInf() {
		return cty.NilVal, fmt.Errorf("%s is null here: it is no finite number", text)
	}
	return cty.NumberVal(f), nil
}

// decodeBytes gives base64 of either bytea_output.
func decodeBytes(text string) (cty.Value, error) {
	digits, ok := strings.CutPrefix(text, `\x`)
	if !ok {
		return cty.StringVal(base64.StdEncoding.EncodeToString(unescapeBytes(text))), nil
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return cty.NilVal, fmt.Errorf("a bytea is null here: %w", err)
	}
	return cty.StringVal(base64.StdEncoding.EncodeToString(raw)), nil
}

// decodeHex keeps a bytea as PostgreSQL reads it.
func decodeHex(text string) (cty.Value, error) {
	if !strings.HasPrefix(text, `\x`) {
		text = `\x` + hex.EncodeToString(unescapeBytes(text))
	}
	return cty.StringVal(text), nil
}

func isJSON(oid uint32) bool { return oid == pgtype.JSONOID || oid == pgtype.JSONBOID }

// unescapeBytes reads bytea_output = escape: \\ is a backslash, \nnn an octal byte.
func unescapeBytes(text string) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			out = append(out, text[i])
		case i+3 < len(text) && text[i+1] != '\\':
			out = append(out, (text[i+1]-'0')<<6|(text[i+2]-'0')<<3|(text[i+3]-'0'))
			i += 3
		default:
			out = append(out, '\\')
			i++
		}
	}
	return out
}

// timeLayouts are the ISO style's, by the length of the zone.
var timeLayouts = [...]string{
	"2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999-07:00:00",
	"2006-01-02 15:04:05.999999999",
}

// decodeTime gives RFC 3339 in UTC; a timestamp without a zone counts as UTC. What RFC 3339 can't write (infinity, years
// before 1 or after 9999) stays as the server writes it.
func decodeTime(text string) (cty.Value, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return cty.StringVal(t.UTC().Format(time.RFC3339Nano)), nil
		}
	}
	return cty.StringVal(text), nil
}
