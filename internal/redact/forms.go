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

// maxNested is the length up to which a secret is looked for in what is encoded twice, and all of its lines together in each form that
// a language gives them: what that takes is a hundred times the secret. Of a longer one each line is enough.
const maxNested = 4 << 10

// maxForms is the length up to which a secret is looked for in other forms than as it is, and as JSON writes that. A longer one is no
// password or key, but a sensitive result, and its forms would take more than a gigabyte of memory.
const maxForms = 64 << 10

// formsOf lists the texts in which a secret shows up, folded and each once: as it is, quoted, in a URL, in base64 and hexadecimal.
// How JSON and HTML write each of these, and how dumps write hexadecimal, is left to the layers, in which that is undone. Views indent lines, and
// programs use one of them alone, so the lines of a long secret count for themselves, in all of these forms. The ends of lines around it are
// no part of it but where it is encoded: what follows keeps its own line.
func formsOf(whole string) []string {
	secret := strings.Trim(whole, "\r\n")
	forms := []string{secret, strings.TrimSpace(secret)}
	texts := linesOf(secret)
	if len(secret) > maxForms {
		return distinct(append(forms, texts...))
	}
	forms = append(forms, encoded(whole)...)
	if len(texts) == 0 || len(secret) <= maxNested {
		texts = append(texts, secret)
	}
	for _, text := range texts {
		for _, written := range cases(text) {
			forms = append(forms, written, strings.TrimSpace(written))
			forms = append(append(forms, quoted(written)...), inURLs(written)...)
		}
		forms = append(forms, encoded(text)...)
		if len(secret) > maxNested {
			continue
		}
		for _, nested := range encodable(text) {
			forms = append(forms, embedded(nested)...)
		}
	}
	return distinct(forms)
}

// distinct folds texts and leaves out what is there twice, or too short.
func distinct(forms []string) []string {
	for i, form := range forms {
		forms[i] = folded(form)
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return utf8.RuneCountInString(form) < MinLength })
}

// linesOf are the lines of a secret of several that are long enough to be secrets, each once.
func linesOf(secret string) []string {
	if !strings.Contains(strings.TrimSpace(secret), "\n") {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(secret, "\n") {
		if line = strings.TrimSpace(line); utf8.RuneCountInString(line) >= MinLength {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// quoters write what may stand between quotes, by language.
var quoters = []func(string) string{
	func(s string) string { return inner(strconv.Quote(s)) },
	func(s string) string { return inner(strconv.QuoteToASCII(s)) },
	strings.NewReplacer(`'`, `''`).Replace,                                                // SQL, YAML
	strings.NewReplacer(`'`, `'\''`).Replace,                                              // a shell's '…'
	strings.NewReplacer(`'`, `'"'"'`).Replace,                                             // and another way, Python's
	strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace, // Python's '…', $'…'
	strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", `!`, `\!`).Replace,   // a shell's "…"
	strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace,
	strings.NewReplacer(`"`, `""`).Replace, // CSV, SQL's names
	strings.NewReplacer(`"`, `\"`).Replace, // hclog leaves backslashes as they are
	backslashed,
}

func quoted(secret string) []string {
	var forms []string
	for _, quote := range quoters {
		forms = append(forms, quote(secret))
	}
	return forms
}

// backslashed is a shell's word without quotes, as printf's %q writes it.
func backslashed(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(" \t!\"#$&'()*,;<>?[\\]^`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// inURLs are the forms in a query, a path and the user's part, by Go and others.
func inURLs(secret string) []string {
	forms := []string{
		url.QueryEscape(secret), url.PathEscape(secret), (&url.URL{Path: secret}).EscapedPath(),
		percent(secret, "-_.~"), percent(secret, "-_.~/"), percent(secret, "-_.!~*'()"), // RFC 3986, Python, JavaScript
		percent(secret, "-_.!~*'();/?:@&=+$,#"), // JavaScript's encodeURI
	}
	if userinfo := url.UserPassword("", secret).String(); len(userinfo) > 1 {
		forms = append(forms, userinfo[1:])
	}
	for _, form := range forms {
		if form != secret {
			forms = append(forms, url.QueryEscape(form)) // a URL in a URL
		}
	}
	return forms
}

// percent encodes all but letters, digits and some others.
func percent(s, but string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte(but, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// inner is a text without the quotes around it.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// jsonForms are the inner texts of the secret as a JSON string that is encoded once more: with and without the escapes for HTML,
// for slashes and for what is not ASCII, as encoders differ.
func jsonForms(text string) []string {
	if !strings.ContainsFunc(text, escapedInJSON) {
		return nil
	}
	var forms []string
	for _, escapeHTML := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(text) != nil {
			continue // a string always encodes
		}
		text := inner(strings.TrimSuffix(b.String(), "\n"))
		for _, form := range []string{text, inASCII(text, `\u%04x`)} {
			forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`))
		}
	}
	return forms
}

// escapedInJSON reports whether any encoder writes a character otherwise than it is.
func escapedInJSON(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("\"\\/<>&", r) }

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
