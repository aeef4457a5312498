package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

// TestEachLineInEveryForm: a line of a secret of several lines, and one of a big secret, is blanked as a secret of its own is.
func TestEachLineInEveryForm(t *testing.T) {
	const line = `sec/ond"line<XYZ&1 'q`
	inside := func(before string) string { return base64.StdEncoding.EncodeToString([]byte(before + line + ";")) }
	forms := map[string]string{
		"plain": line, "upper": strings.ToUpper(line), "base64": inside(""), "base64 after one": inside("x"), "base64 after two": inside("xy"),
		"base64 for URLs": base64.URLEncoding.EncodeToString([]byte(line)), "hex": hex.EncodeToString([]byte(line)), "hex, spaced": fmt.Sprintf("% x", line),
		"URL": url.QueryEscape(line), "path": url.PathEscape(line), "HTML": html.EscapeString(line), "shell": strings.ReplaceAll(line, "'", `'"'"'`),
	}
	nested, _ := json.Marshal(map[string]string{"p": line})
	for name, secret := range map[string]string{
		"three lines": "first line\n" + line + "\r\nthird line\n",
		"indented":    "a:\n  " + line + "\n",
		"many lines":  strings.Repeat("a line that is there many times\n", 200) + line + "\n",
	} {
		var r Redactor
		r.Add(secret)
		for form, text := range forms {
			if got := r.String("x " + text + " y"); !strings.Contains(got, Blank) || len(got) > len(Blank)+len("x eHl6 y")+8 {
				t.Errorf("%s, %s: %q is shown as %q", name, form, text, got)
			}
		}
		if got := r.String(string(nested)); got != `{"p":"`+Blank+`"}` {
			t.Errorf("%s: %s is shown as %s", name, nested, got)
		}
	}
}

// TestABigSecretIsBounded: a secret costs what can be borne, however big it is and whatever it is made of, and its lines are blanked.
func TestABigSecretIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		size int
	}{
		"lines": {"pa\"ss/wo<rd&'%06x\n", maxForms - 100}, "one line": {`pa"ss/wo<rd&'%06x `, maxForms - 100}, "a big result": {"pa\"ss/wo<rd&'%06x\n", 1 << 20},
	} {
		var b strings.Builder
		for i := 0; b.Len() < c.size; i++ {
			fmt.Fprintf(&b, c.line, i)
		}
		var r Redactor
		if took := allocated(func() { r.Add(b.String()); r.String("") }); took > 256<<20 {
			t.Errorf("%s: %d MiB for a secret of %d bytes", name, took>>20, b.Len())
		}
		line := fmt.Sprintf("{\"a\":\"pa\\\"ss/wo<rd&'%06x\"}", 7)
		if got := r.String(line); name != "one line" && got != `{"a":"`+Blank+`"}` {
			t.Errorf("%s: %s is shown as %s", name, line, got)
		}
	}
}
