package redact

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// minPiece is the length from which a line of a secret in base64 is a secret by itself.
const minPiece = 16

// encoded are the forms of a secret in base64 and hexadecimal, as what is binary or unsafe is written.
func encoded(secret string) []string {
	digits := hex.EncodeToString([]byte(secret))
	forms := []string{digits, strings.ToUpper(digits)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := encoding.EncodeToString([]byte(secret))
		forms = append(forms, whole, strings.TrimRight(whole, "="))
		for before := range 3 {
			forms = append(forms, inBase64(encoding, secret, before))
		}
		for _, width := range []int{64, 76} { // the lines of PEM and MIME (RFC 7468, RFC 2045)
			forms = append(forms, pieces(whole, width)...)
		}
	}
	// What base64 has beside letters and digits is escaped in URLs, and its slash in some JSON.
	for _, form := range forms {
		if strings.ContainsAny(form, "+/=") {
			escaped := percent(form, "-_.~")
			forms = append(forms, escaped, lowerHex(escaped), strings.ReplaceAll(form, "/", `\/`))
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
