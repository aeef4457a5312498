package redact

import "bytes"

// joined is the layer in which lines of base64 are one, as programs end them after 64 or 76 characters (RFC 7468, RFC 2045); nil: there are
// none. How long a line is does not count: its beginning may have been passed on already.
func joined(text []byte) *layer {
	var l *layer
	copied := 0
	for at := 0; at < len(text); {
		end, next := lineBreak(text, at)
		if at = next; end == 0 || end == next || !inBase64Line[text[end-1]] || next < len(text) && !inBase64Line[text[next]] {
			continue
		}
		if l == nil {
			l = &layer{joined: true}
		}
		l.text = append(l.text, text[copied:end]...)
		l.replace(end, next)
		copied = next
	}
	if l != nil {
		l.text = append(l.text, text[copied:]...)
	}
	return l
}

// lineBreak is where the first end of a line begins from a place on, or half of one at the end of text, and where what comes after it and
// the white space behind it does; twice the end of text: there is none.
func lineBreak(text []byte, from int) (begin, end int) {
	i := bytes.IndexByte(text[from:], '\n')
	if i < 0 {
		return len(bytes.TrimSuffix(text, []byte("\r"))), len(text)
	}
	begin, end = from+i, from+i+1
	if begin > 0 && text[begin-1] == '\r' {
		begin--
	}
	for end < len(text) && (text[end] == ' ' || text[end] == '\t') {
		end++
	}
	return begin, end
}

var inBase64Line = func() (table [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") {
		table[b] = true
	}
	return table
}()
