package report

import (
	"bufio"
	"bytes"
	"encoding/json"
)

func writeJSON(w *bufio.Writer, r *Run) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(readable(text), '\n'))
	return err
}

// plain are characters as they are, by what encoding/json writes for them.
var plain = map[string]byte{`\u003c`: '<', `\u003e`: '>', `\u0026`: '&'}

// readable is JSON with <, > and & as they are. Values that came from a history have them escaped, those of this session may not.
func readable(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		next := bytes.IndexByte(text, '\\')
		if next < 0 {
			return append(out, text...)
		}
		out, text = append(out, text[:next]...), text[next:]
		escape := text[:min(len(text), len(`\u003c`))]
		if char, is := plain[string(escape)]; is {
			out = append(out, char)
		} else {
			escape = text[:2] // what follows a backslash may be one
			out = append(out, escape...)
		}
		text = text[len(escape):]
	}
	return out
}
