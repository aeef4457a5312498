package lang

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// maxShown is how many characters of a value are shown; the middle of a longer one is cut.
const maxShown = 120

const sensitiveText = "(sensitive)"

// FormatValue writes a value on one line for people: as the language writes it, sensitive parts as "(sensitive)", and
// with the middle cut out of what is longer than about 120 characters.
func FormatValue(v cty.Value) string {
	w := &valueWriter{budget: 40 * maxShown}
	w.value(v)
	return cutMiddle(w.out.String())
}

// FormatWhole is FormatValue for what somebody approves: nothing is cut, and no number is rounded.
func FormatWhole(v cty.Value) string {
	w := &valueWriter{whole: true}
	w.value(v)
	return w.out.String()
}

// cutMiddle keeps the beginning and the end of a text of more than maxShown characters.
func cutMiddle(s string) string {
	if utf8.RuneCountInString(s) <= maxShown {
		return s
	}
	runes := []rune(s)
	const head = maxShown * 2 / 3
	const tail = maxShown - head - 3
	return string(runes[:head]) + " … " + string(runes[len(runes)-tail:])
}

// shortened leaves the middle of a very long text out before it is looked at character by character, such as the body of
// a response.
func shortened(s string) string {
	const keep = 8 * maxShown // bytes; a character has up to four, and an escape two
	if len(s) <= 2*keep {
		return s
	}
	return strings.ToValidUTF8(s[:keep], "") + " … " + strings.ToValidUTF8(s[len(s)-keep:], "")
}

// valueWriter writes until its budget is spent, unless it writes the whole: no more of a value is looked at than can be shown.
type valueWriter struct {
	out    strings.Builder
	budget int
	whole  bool
}

func (w *valueWriter) text(s string) {
	if !w.whole {
		s = shortened(s)
	}
	w.out.WriteString(quote(s))
}

func (w *valueWriter) value(v cty.Value) {
	switch {
	case v == cty.NilVal:
		w.out.WriteString("nothing")
		return
	case v.IsMarked():
		w.out.WriteString(sensitiveText)
		return
	case !v.IsKnown():
		w.out.WriteString("(not known yet)")
		return
	case v.IsNull():
		w.out.WriteString("null")
		return
	}
	switch t := v.Type(); {
	case t == cty.String:
		w.text(v.AsString())
	case t == cty.Number:
		w.out.WriteString(w.number(v.AsBigFloat()))
	case t == cty.Bool:
		w.out.WriteString(strconv.FormatBool(v.True()))
	case t.IsMapType() || t.IsObjectType():
		w.elements(v, '{', '}', true)
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		w.elements(v, '[', ']', false)
	default:
		w.out.WriteString(t.FriendlyName())
	}
}

func (w *valueWriter) elements(v cty.Value, open, end byte, keys bool) {
	w.out.WriteByte(open)
	n := 0
	for it := v.ElementIterator(); it.Next(); n++ {
		if !w.whole && w.out.Len() > w.budget {
			w.out.WriteString(", …")
			break
		}
		if n > 0 {
			w.out.WriteString(", ")
		}
		k, item := it.Element()
		if keys {
			w.out.WriteString(k.AsString() + " = ")
		}
		w.value(item)
	}
	w.out.WriteByte(end)
}

// quote writes a string in quotes with its line ends and quotes escaped, and the rest as it is.
func quote(s string) string {
	if strings.ContainsAny(s, "\\\"\n\r\t") {
		s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)
	}
	return `"` + s + `"`
}

// maxShownExponent is, in bits, up to where a number is written with its digits: working them out takes long beyond.
const maxShownExponent = 1 << 15

// number writes whole numbers in full and others with up to six digits after the point, or all of them.
func (w *valueWriter) number(f *big.Float) string {
	if f.IsInf() {
		return "infinity"
	}
	if exponent := f.MantExp(nil); exponent > maxShownExponent || exponent < -maxShownExponent {
		return fmt.Sprintf("about 1e%+d", int(float64(exponent)*math.Log10(2)))
	}
	if w.whole {
		return f.Text('f', -1)
	}
	if f.IsInt() {
		if f.MantExp(nil) > 256 {
			return f.Text('g', 10)
		}
		return f.Text('f', 0)
	}
	text := f.Text('f', 6)
	if strings.Trim(text, "-0.") == "" {
		return f.Text('g', 6)
	}
	return strings.TrimRight(text, "0")
}
