package view

import "sync"

// near is how many lines may stand between a question and a form that does not repeat it.
const near = 3

// above keeps where questions were written, for who asks them meanwhile. It is safe for concurrent use.
type above struct {
	mu      sync.Mutex
	written int
	asked   map[string]int // the line at which the question about a step ends
}

func (a *above) ask(step string, line int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[step] = line
}

func (a *above) reach(line int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written = line
}

// RightAbove reports whether the question about a step stands in full at the end of what was written. It may be called
// beside Event.
func (t *Text) RightAbove(step string) bool {
	t.above.mu.Lock()
	defer t.above.mu.Unlock()
	line, asked := t.above.asked[step]
	return asked && t.above.written-line <= near
}
