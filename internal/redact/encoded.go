package redact

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// minPiece is the length from which a line of a secret in base64 is a secret by itself.
const minPiece = 16

// maxEncodable is the length up to which a secret's own forms are looked for in base64: those of a key file are many and
// long, and it stands in a JSON body rather than in a URL.
const maxEncodable = 512

// encodable are the forms of a secret that may be encoded as a whole with what is around them: a URL, a JSON body.
func encodable(secret string) []string {
	texts := append([]string{strings.TrimSpace(secret)}, jsonForms(secret)...)
	if len(secret) <= maxEncodable {
		texts = append(texts, url.QueryEscape(secret), url.PathEscape(secret))
	}
	slices.Sort(texts)
	return slices.DeleteFunc(slices.Compact(texts), func(text string) bool { return text == secret })
}

// encoded are the forms of a secret in base64 and hexadecimal, as what is binary or unsafe is written.
func encoded(secret string) []string {
	forms := embedded(secret)
	for _, encoding := range encodings() {
		whole := encoding.EncodeToString([]byte(secret))
		forms = append(forms, whole, strings.TrimRight(whole, "="))
		for _, width := range []int{64, 76} { // the lines of PEM and MIME (RFC 7468, RFC 2045)
			forms = append(forms, pieces(whole, width)...)
		}
	}
	// What base64 has beside letters and digits is escaped in URLs.
	for _, form := range forms {
		if strings.ContainsAny(form, "+/=") {
			forms = append(forms, percent(form, "-_.~"))
		}
	}
	return forms
}

func encodings() []*base64.Encoding {
	return []*base64.Encoding{base64.StdEncoding, base64.URLEncoding}
}

// embedded are the forms of a text inside a longer one that is encoded.
func embedded(text string) []string {
	forms := []string{hex.EncodeToString([]byte(text))}
	for _, encoding := range encodings() {
		for before := range 3 {
			forms = append(forms, inBase64(encoding, text, before))
		}
	}
	return forms
}

// inBase64 is what a secret looks like inside a longer text in base64, after so many bytes (counted modulo 3): the characters
// that it alone decides. Those at both ends, of which others decide a part, tell at most four bits of it each.
func inBase64(encoding *base64.Encoding, secret string, before int) string {
	text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
	first := (8*before + 5) / 6
	end := 8 * (before + len(secret)) / 6
	return text[first:end]
}

// pieces are the lines of a long text.
func pieces(text string, width int) []string {
	var out []string
	for len(text) > width {
		out = append(out, text[:width])
		text = text[width:]
	}
	if out != nil && len(text) >= minPiece {
		out = append(out, text)
	}
	return out
}
