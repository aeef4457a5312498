package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// minLine is the length from which a line of a secret of several lines (a key file) is a secret by itself.
const minLine = 8

// formsOf lists the texts in which a secret shows up: as it is, inside JSON (once and twice encoded), in Go's quotes and
// in a URL. Views indent lines, so the lines of a long secret count for themselves.
func formsOf(secret string) []string {
	forms := append([]string{secret, strings.TrimSpace(secret)}, jsonForms(secret)...)
	for _, once := range jsonForms(secret) {
		forms = append(forms, jsonForms(once)...)
	}
	quoted := strconv.Quote(secret)
	forms = append(forms, quoted[1:len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret))
	forms = append(forms, (&url.URL{Path: secret}).EscapedPath()) // a path, whose slashes stay
	if userinfo := url.UserPassword("", secret).String(); len(userinfo) > 1 {
		forms = append(forms, userinfo[1:])
	}
	if !strings.Contains(secret, "\n") {
		return forms
	}
	for line := range strings.SplitSeq(secret, "\n") {
		if line = strings.TrimSpace(line); len(line) >= minLine {
			forms = append(append(forms, line), jsonForms(line)...)
		}
	}
	return forms
}

// jsonForms are the inner texts of the secret as a JSON string: with and without the escapes for HTML, for slashes and
// for what is not ASCII, as encoders differ.
func jsonForms(text string) []string {
	var forms []string
	for _, html := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if e.Encode(text) != nil {
			continue // a string always encodes
		}
		inner := strings.TrimSuffix(b.String(), "\n")
		inner = inner[1 : len(inner)-1]
		for _, form := range []string{inner, inASCII(inner, `\u%04x`), inASCII(inner, `\u%04X`)} {
			forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`))
		}
	}
	return forms
}

// inASCII escapes all other characters by a format for their UTF-16 code units (RFC 8259, section 7).
func inASCII(text, format string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, format, unit)
		}
	}
	return b.String()
}
