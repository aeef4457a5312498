package main

import (
	"testing"
	"time"
)

func TestMeasureUntil(t *testing.T) {
	c := command{args: []string{"sh", "-c", "printf 'here '; printf 'it is'; exec sleep 0.3"}, until: "it is", prints: []string{"here"}}
	s, err := measure(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if s.wall <= 0 || s.wall >= 300*time.Millisecond {
		t.Errorf("the wall time is %s, and must end before the program does", s.wall)
	}
	c.until = "it is not"
	_, err = measure(t.Context(), c)
	wantError(t, err, `it does not print "it is not"`)
}

func TestMeasureStatus(t *testing.T) {
	if _, err := measure(t.Context(), command{args: []string{"false"}, status: 1}); err != nil {
		t.Error(err)
	}
	_, err := measure(t.Context(), command{args: []string{"true"}, status: 1})
	wantError(t, err, "it ended with 0, expected 1")
	_, err = measure(t.Context(), command{args: []string{"sh", "-c", "exit 2"}, status: 1})
	wantError(t, err, "exit status 2")
}
