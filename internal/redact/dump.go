package redact

// maxGap is how many bytes may stand between two bytes in hexadecimal: the end of a line and the indent of the next.
const maxGap = 32

// apart is a byte around a run of bytes that were in hexadecimal, so that nothing is found that is half in it.
const apart = 0

// dumped is the layer in which bytes in hexadecimal that are written apart are what they stand for: "5a 71 37", "5a:71:37", "5a71 3764",
// "0x5a, 0x71", `\x5a\x71`, also over several lines. nil: nowhere are there so many. Digits in a row are left to the forms of a secret.
func dumped(data []byte, below *layer, fewest int) *layer {
	var l *layer
	copied := 0
	var pairs []int
	for at := 0; at+1 < len(data); {
		if hexDigit[data[at+1]] == notHex { // nor does a pair begin there
			at += 2
			continue
		}
		if hexDigit[data[at]] == notHex {
			at++
			continue
		}
		run := hexRun{data: data, pairs: pairs[:0], end: at}
		run.read()
		if run.counts(fewest) {
			if l == nil {
				l = &layer{below: below, dump: true}
			}
			l.text = append(l.text, data[copied:at]...)
			copied = l.decode(run)
		}
		at, pairs = run.end, run.pairs
	}
	if l != nil {
		l.text = append(l.text, data[copied:]...)
	}
	return l
}

// hexRun are bytes in hexadecimal that follow each other.
type hexRun struct {
	data  []byte
	pairs []int // where each byte begins
	gaps  int   // how many of them stand apart from the one before
	end   int
	open  bool // the data end before the run does
}

// counts reports whether a run may hold a secret, of which there are at least so many bytes. One that goes on may turn out to.
func (r *hexRun) counts(fewest int) bool {
	return len(r.pairs) > 0 && (r.open || r.gaps > 0 && len(r.pairs) >= fewest)
}

// read reads the run from its end on.
func (r *hexRun) read() {
	for {
		for r.pairAt(r.end) {
			r.pairs = append(r.pairs, r.end)
			r.end += 2
		}
		if r.end == len(r.data) {
			r.open = true
			return
		}
		if hexDigit[r.data[r.end]] != notHex { // half a byte
			r.open = r.end+1 == len(r.data)
			r.end++
			return
		}
		next := r.gap(r.end)
		if r.open = next+1 >= len(r.data); r.open {
			r.end = len(r.data)
			return
		}
		if next == r.end || !r.pairAt(next) {
			return
		}
		r.end = next
		r.gaps++
	}
}

func (r *hexRun) pairAt(at int) bool {
	return at+1 < len(r.data) && hexDigit[r.data[at]] != notHex && hexDigit[r.data[at+1]] != notHex
}

// gap is where what separates two bytes ends.
func (r *hexRun) gap(at int) int {
	for most := min(at+maxGap, len(r.data)); at < most && separates[r.data[at]]; at++ {
	}
	for _, prefix := range []string{"0x", `\x`, "%"} {
		rest := r.data[at:]
		n := min(len(prefix), len(rest))
		if n > 0 && string(rest[:n]) == prefix[:n] && (n == len(prefix) || prefix[0] != '0') {
			return at + n
		}
	}
	return at
}

// decode appends a run to the text and gives where what comes after it begins.
func (l *layer) decode(r hexRun) int {
	begin := r.pairs[0]
	l.replace(begin, begin, apart)
	for i, at := range r.pairs {
		l.replace(at, at+2, hexDigit[r.data[at]]<<4|hexDigit[r.data[at+1]])
		switch {
		case i+1 < len(r.pairs):
			l.replace(at+2, r.pairs[i+1])
		case r.open:
			l.replace(at+2, len(r.data))
			return len(r.data)
		default:
			l.replace(at+2, at+2, apart)
		}
	}
	return r.pairs[len(r.pairs)-1] + 2
}

// replace appends what a part of the text below became.
func (l *layer) replace(rawFrom, rawTo int, became ...byte) {
	if rawFrom == rawTo && len(became) == 0 {
		return
	}
	from := len(l.text)
	l.text = append(l.text, became...)
	l.escapes = append(l.escapes, escape{from, len(l.text), rawFrom, rawTo})
}

// wholeByte moves a place below out of the middle of a byte in hexadecimal, to its beginning.
func (l *layer) wholeByte(at int) int {
	if i := l.escapeAt(at); i >= 0 && l.escapes[i].from < l.escapes[i].to && at < l.escapes[i].rawTo {
		return l.escapes[i].rawFrom
	}
	return at
}

const notHex = 0xff

// hexDigit gives each byte its value as a digit.
var hexDigit = func() (table [256]byte) {
	for i := range table {
		switch b := fold[i]; {
		case '0' <= b && b <= '9':
			table[i] = b - '0'
		case 'a' <= b && b <= 'f':
			table[i] = b - 'a' + 10
		default:
			table[i] = notHex
		}
	}
	return table
}()

// separates tells what stands between bytes.
var separates = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, ':': true, ',': true, ';': true, '-': true, '.': true}
