package sqlite

// varint reads a number of SQLite's; n is zero where there is none.
func varint(b []byte) (v int64, n int) {
	for n < len(b) && n < 8 {
		v = v<<7 | int64(b[n]&0x7f)
		if n++; b[n-1] < 0x80 {
			return v, n
		}
	}
	if n < 8 || len(b) < 9 {
		return 0, 0
	}
	return v<<8 | int64(b[8]), 9
}

// field is a value of a row: null, a number, a text or bytes.
type field struct {
	kind   byte // 'n', 'i', 't', 'b'
	number int64
	data   []byte
}

// fields takes a row apart, the last perhaps cut short; ok is false for what is no row.
func fields(b []byte) (kinds string, out []field, ok bool) {
	size, n := varint(b)
	if n == 0 || size < int64(n) || size > int64(len(b)) {
		return "", nil, false
	}
	head, body := b[n:size], b[size:]
	for len(head) > 0 {
		kind, n := varint(head)
		if n == 0 || len(out) == 16 {
			return "", nil, false
		}
		head = head[n:]
		f := field{kind: 'i'}
		length := int64(0)
		switch {
		case kind == 0:
			f.kind = 'n'
		case kind >= 1 && kind <= 6:
			length = []int64{1, 2, 3, 4, 6, 8}[kind-1]
		case kind == 8, kind == 9:
			f.number = kind - 8
		case kind >= 12:
			f.kind, length = "bt"[kind%2], (kind-12)/2
		default:
			return "", nil, false
		}
		f.data = body[:min(length, int64(len(body)))]
		body = body[len(f.data):]
		if f.kind == 'i' && length > 0 {
			f.number = integer(f.data)
		}
		kinds, out = kinds+string(f.kind), append(out, f)
	}
	return kinds, out, true
}

// integer is a number of so many bytes, the highest first.
func integer(b []byte) (v int64) {
	for i, c := range b {
		if i == 0 {
			v = int64(int8(c))
			continue
		}
		v = v<<8 | int64(c)
	}
	return v
}
