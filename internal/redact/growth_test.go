package redact

import (
	"io"
	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes something takes, by what it makes: what looks at a text again makes its layers again.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestWorkGrowsWithTheText: twice as much of a text, whatever it is made of, takes about twice the work. A log of a thousand lines that
// are cut off, in JSON, is no reason for a run to stand still.
func TestWorkGrowsWithTheText(t *testing.T) {
	const n = 2000
	r := &Redactor{}
	for _, secret := range []string{"hunter2-of-the-night", "line one\nline \"two\"", `C:\keys\…\prod`} {
		r.Add(secret)
	}
	r.String("") // the matcher is made
	for name, ways := range map[string]func(string){
		"text":   func(text string) { r.String(text) },
		"bytes":  func(text string) { r.Bytes([]byte(text)) },
		"cut":    func(text string) { r.Cut(text) },
		"writer": func(text string) { _, _ = io.Copy(r.Writer(io.Discard), strings.NewReader(text)) },
	} {
		for _, piece := range []string{`\n…`, `…`, `… `, `\`, `\\\\n…`, `\u00e`, `\"hunt…`, `hunter2…\n`, "line one\\nline ", `"`, "5a 71 ", "5a\\n71:", "5a7", "0x5a, ", "&", "&lt;", "&amp;amp;lt;", `\&quot;`, "&#3"} {
			short, long := strings.Repeat(piece, n), strings.Repeat(piece, 2*n)
			once, twice := allocated(func() { ways(short) }), allocated(func() { ways(long) })
			if twice > 3*once+64<<10 {
				t.Errorf("%s of %q: %d bytes for %d of them, %d for %d", name, piece, once, n, twice, 2*n)
			}
		}
	}
}
