package redact

import "unicode/utf8"

// percentEncoded reads a character as URLs write it, a byte after the other: "%20", "%C3%B6" (RFC 3986, section 2.1).
func percentEncoded(data []byte) (rune, int) {
	const length = len("%20")
	var char [utf8.UTFMax]byte
	for n := range char {
		b, read := percentByte(data[min(n*length, len(data)):])
		if read <= 0 {
			return 0, read
		}
		char[n] = b
		if utf8.FullRune(char[:n+1]) {
			r, size := utf8.DecodeRune(char[:n+1])
			if size != n+1 || r == utf8.RuneError {
				return 0, 0
			}
			return r, (n + 1) * length
		}
	}
	return 0, 0
}

// percentByte reads one byte, or tells that its end is not there, or that it is none.
func percentByte(data []byte) (b byte, length int) {
	for i := range 3 {
		switch {
		case i == len(data):
			return 0, unfinished
		case i == 0 && data[0] != '%', i > 0 && hexDigit[data[i]] == notHex:
			return 0, 0
		}
	}
	return hexDigit[data[1]]<<4 | hexDigit[data[2]], 3
}
