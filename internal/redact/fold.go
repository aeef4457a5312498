package redact

import "strings"

// fold gives each byte the one that it is looked for as: capitals are small letters. Servers and libraries write what they are
// sent in another case: Redis the name of a command, HTTP that of a header, resolvers that of a host, a sentence its beginning.
// That the digits of hexadecimal, of URLs and of JSON's escapes have two cases comes for free.
var fold = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	return table
}()

func folded(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return text
	}
	out := []byte(text)
	for i, b := range out {
		out[i] = fold[b]
	}
	return string(out)
}

// cases are a secret and, where it has letters that fold leaves alone, its upper and lower case.
func cases(secret string) []string {
	all := []string{secret}
	for _, other := range []string{strings.ToUpper(secret), strings.ToLower(secret)} {
		if folded(other) != folded(secret) {
			all = append(all, other)
		}
	}
	return all
}
