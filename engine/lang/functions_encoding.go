package lang

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	yaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// digests are the hash functions, named as the functions that give their sums in hexadecimal.
var digests = map[string]func([]byte) []byte{
	"md5":    func(b []byte) []byte { s := md5.Sum(b); return s[:] },
	"sha1":   func(b []byte) []byte { s := sha1.Sum(b); return s[:] },
	"sha256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
	"sha512": func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
}

func encodingFunctions(table map[string]function.Function) {
	for name, digest := range digests {
		table[name] = textFunction("str", func(s string) (string, error) { return hex.EncodeToString(digest([]byte(s))), nil })
	}
	for _, name := range []string{"sha256", "sha512"} {
		digest := digests[name]
		table["base64"+name] = textFunction("str", func(s string) (string, error) {
			return base64.StdEncoding.EncodeToString(digest([]byte(s))), nil
		})
	}
	table["base64encode"] = textFunction("str", func(s string) (string, error) {
		return base64.StdEncoding.EncodeToString([]byte(s)), nil
	})
	table["base64decode"] = textFunction("str", base64Text)
	table["base64gzip"] = textFunction("str", gzipText)
	table["urlencode"] = textFunction("str", func(s string) (string, error) { return url.QueryEscape(s), nil })
	table["textencodebase64"] = encodedText(func(s, encoding string) (string, error) {
		encoded, err := encodeText(s, encoding)
		return base64.StdEncoding.EncodeToString(encoded), err
	})
	table["textdecodebase64"] = encodedText(func(s, encoding string) (string, error) {
		decoded, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return "", errors.New("it is not Base64")
		}
		return decodeText(decoded, encoding)
	})
	table["uuidv5"] = uuidFunction()
	table["yamlencode"] = yaml.YAMLEncodeFunc
	table["yamldecode"] = yamlFunction()
}

func base64Text(s string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", errors.New("it is not Base64")
	}
	if !utf8.Valid(decoded) {
		return "", errors.New("what it encodes is not UTF-8 text; textdecodebase64 reads other encodings")
	}
	return string(decoded), nil
}

func gzipText(s string) (string, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(s)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

func encodedText(f func(s, encoding string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("string"), text("encoding")},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := f(args[0].AsString(), args[1].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(out), nil
		},
	})
}

// byteOrders are the encodings of two bytes a character, by IANA name.
var byteOrders = map[string]binary.AppendByteOrder{"UTF-16LE": binary.LittleEndian, "UTF-16BE": binary.BigEndian}

func encodeText(s, encoding string) ([]byte, error) {
	name := strings.ToUpper(encoding)
	if order, ok := byteOrders[name]; ok {
		var out []byte
		for _, unit := range utf16.Encode([]rune(s)) {
			out = order.AppendUint16(out, unit)
		}
		return out, nil
	}
	limit, ok := map[string]rune{"UTF-8": utf8.MaxRune, "US-ASCII": 0x7f, "ISO-8859-1": 0xff}[name]
	if !ok {
		return nil, unknownEncoding(encoding)
	}
	if limit == utf8.MaxRune {
		return []byte(s), nil
	}
	var out []byte
	for _, r := range s {
		if r > limit {
			return nil, fmt.Errorf("%s has no character for one in this text", encoding)
		}
		out = append(out, byte(r))
	}
	return out, nil
}

func decodeText(b []byte, encoding string) (string, error) {
	switch name := strings.ToUpper(encoding); name {
	case "UTF-16LE", "UTF-16BE":
		if len(b)%2 != 0 {
			return "", fmt.Errorf("%d bytes are no %s text", len(b), name)
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
			if name == "UTF-16LE" {
				units[i] = binary.LittleEndian.Uint16(b[2*i:])
			}
		}
		return string(utf16.Decode(units)), nil
	case "UTF-8", "US-ASCII":
		if !utf8.Valid(b) {
			return "", fmt.Errorf("it is no %s text", name)
		}
		return string(b), nil
	case "ISO-8859-1":
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), nil
	}
	return "", unknownEncoding(encoding)
}

func unknownEncoding(name string) error {
	return fmt.Errorf("encoding %q is not one of UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1, US-ASCII", name)
}

// uuidNamespaces are those of RFC 9562, appendix C: they differ in their fourth byte.
var uuidNamespaces = map[string]string{
	"dns":  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	"url":  "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
	"oid":  "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
	"x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}

func uuidFunction() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("namespace"), text("name")},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			space := args[0].AsString()
			if known, ok := uuidNamespaces[space]; ok {
				space = known
			}
			id, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
			if err != nil || len(id) != 16 {
				return cty.NilVal, function.NewArgErrorf(0, "a namespace is dns, url, oid, x500 or a UUID")
			}
			sum := sha1.Sum(append(id, args[1].AsString()...))
			u := sum[:16]
			u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
			return cty.StringVal(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])), nil
		},
	})
}

// yamlFunction is YAML's decoder without its infinities, which the language does not have: they become null.
func yamlFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text("src")},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := decodeYAML(args[0])
			if err != nil {
				return cty.NilType, err
			}
			return v.Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return decodeYAML(args[0]) },
	})
}

func decodeYAML(src cty.Value) (cty.Value, error) {
	v, err := yaml.YAMLDecodeFunc.Call([]cty.Value{src})
	if err != nil {
		return cty.NilVal, err
	}
	return cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() && v.AsBigFloat().IsInf() {
			return cty.NullVal(cty.Number), nil
		}
		return v, nil
	})
}
