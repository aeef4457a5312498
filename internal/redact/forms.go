package redact

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
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

// jsonForms are the inner texts of the secret as a JSON string, with and without the escapes for HTML.
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
		forms = append(forms, inner[1:len(inner)-1])
	}
	return forms
}
