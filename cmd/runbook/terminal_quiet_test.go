package main

import (
	"strings"
	"testing"
	"time"
)

// thought is how long a person takes to read a question: longer than a run lasts before what runs now is drawn.
const thought = time.Second

// TestNothingIsDrawnOverTheQuestion: what earlier sessions left open is drawn only once this one goes on, so that the question before it
// stands there as it was asked.
func TestNothingIsDrawnOverTheQuestion(t *testing.T) {
	dir := writeAsking(t)
	id := pausedAt(t, dir, "touch", []string{"calm=yes", "tasks=all", "size=3"}, nil)
	s := sit(t, dir, "xterm-256color", "resume", id, "--with-changes")
	s.SeesNext(t, `Only "yes" is accepted: `)
	<-time.After(thought) // there is no state to wait for: nothing is to happen
	s.Types(t, "yes\n")
	s.SeesNext(t, "resumed by alice@")
	_, after, _ := strings.Cut(s.Text(), `Only "yes" is accepted: `)
	between, _, _ := strings.Cut(after, "resumed by alice@")
	if got := strings.TrimSpace(between); got != "yes" {
		t.Errorf("the question is followed by %q", got)
	}
	s.SeesNext(t, "yes or no:")
	s.Types(t, "no\r")
	if status := s.ends(t); status != 1 {
		t.Errorf("exit status %d\n%s", status, s.Text())
	}
}
