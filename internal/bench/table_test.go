package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, expected %q", err, part)
	}
}

func measuredCase(name string, wall, cpu time.Duration, targets ...target) *result {
	s := sample{wall, cpu, 20e6}
	return &result{benchCase: &benchCase{name: name, targets: targets}, samples: []sample{s}, median: s}
}

func example() []measured {
	step := measuredCase("10 steps", 25*time.Millisecond, 30*time.Millisecond, target{metric: perStep, limit: 1.5, base: "nobody"})
	step.perStep = 34_500 * time.Nanosecond
	return []measured{
		{"morning", []*result{
			measuredCase("apply", 60*time.Millisecond, 40*time.Millisecond,
				target{metric: wall, limit: 1.5, base: "floor"}, target{metric: cpu, limit: 1.0 / 8, base: "bash"},
				target{metric: memory, limit: 50e6}),
			measuredCase("floor", 30*time.Millisecond, 20*time.Millisecond),
			measuredCase("bash", 1234*time.Millisecond, 400*time.Millisecond),
		}},
		{"steps", []*result{step}},
	}
}

func TestWriteTable(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, example()); err != nil {
		t.Fatal(err)
	}
	want := `
morning       wall     CPU  memory  CPU per step   target
  apply      60 ms   40 ms   20 MB                 ✗ wall 2.00 times that of floor (at most 1.5)
                                                   ✓ CPU 10.0 times less than bash (at least 8)
                                                   ✓ memory at most 50 MB
  floor      30 ms   20 ms   20 MB
  bash      1.23 s  400 ms   20 MB

steps         wall     CPU  memory  CPU per step   target
  10 steps   25 ms   30 ms   20 MB       34.5 µs
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, example()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	want := []string{
		`{"group":"morning","case":"apply","runs":1,"wall_ms":60,"cpu_ms":40,"memory_bytes":20000000,"targets":[` +
			`{"text":"wall 2.00 times that of floor (at most 1.5)","met":false},` +
			`{"text":"CPU 10.0 times less than bash (at least 8)","met":true},{"text":"memory at most 50 MB","met":true}]}`,
		`{"group":"morning","case":"floor","runs":1,"wall_ms":30,"cpu_ms":20,"memory_bytes":20000000}`,
		`{"group":"morning","case":"bash","runs":1,"wall_ms":1234,"cpu_ms":400,"memory_bytes":20000000}`,
		`{"group":"steps","case":"10 steps","runs":1,"wall_ms":25,"cpu_ms":30,"memory_bytes":20000000,"per_step_ms":0.0345}`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestSeconds(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"": 0, "34.5 µs": 34_500, "1.2 ms": 1_234_567, "15 ms": 15 * time.Millisecond, "99.9 ms": 99_900 * time.Microsecond,
		"250 ms": 250 * time.Millisecond, "2 s": 2 * time.Second, "1.23 s": 1234 * time.Millisecond, "-3.0 µs": -3 * time.Microsecond,
	} {
		if got := seconds(d); got != want {
			t.Errorf("%d ns: got %q, expected %q", d, got, want)
		}
	}
}

func TestCostPerStep(t *testing.T) {
	one, many := measuredCase("1", 20, 10*time.Millisecond), measuredCase("101", 30, 14*time.Millisecond)
	one.steps, many.steps = 1, 101
	if got := costPerStep(many, one); got != 40*time.Microsecond {
		t.Errorf("got %v", got)
	}
	if got := costPerStep(one, one) + costPerStep(many, nil); got != 0 {
		t.Errorf("got %v, expected none", got)
	}
}
