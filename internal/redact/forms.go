package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// minLine is the length from which a line of a secret of several lines (a key file) is a secret by itself.
const minLine = 8

// formsOf lists the texts in which a secret shows up: as it is, in Go's quotes and in a URL, and each of these inside JSON
// (once and twice encoded). Views indent lines, so the lines of a long secret count for themselves.
func formsOf(secret string) []string {
	forms := []string{secret, strings.TrimSpace(secret), inner(strconv.Quote(secret))}
	forms = append(forms, url.QueryEscape(secret), url.PathEscape(secret), (&url.URL{Path: secret}).EscapedPath())
	if userinfo := url.UserPassword("", secret).String(); len(userinfo) > 1 {
		forms = append(forms, userinfo[1:])
	}
	for range 2 {
		forms = withJSON(forms)
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

// inner is a text without the quotes around it.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// withJSON adds the forms that texts have inside JSON, each once.
func withJSON(texts []string) []string {
	all := slices.Clone(texts)
	for _, text := range texts {
		all = append(all, jsonForms(text)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
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
		text := inner(strings.TrimSuffix(b.String(), "\n"))
		for _, form := range []string{text, inASCII(text, `\u%04x`), inASCII(text, `\u%04X`)} {
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
