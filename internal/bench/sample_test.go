package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	s := func(wall, cpu time.Duration, memory int64) sample { return sample{wall, cpu, memory} }
	for name, test := range map[string]struct {
		samples []sample
		want    sample
	}{
		"one":                  {[]sample{s(1, 2, 3)}, s(1, 2, 3)},
		"odd":                  {[]sample{s(9, 1, 5), s(1, 9, 7), s(5, 5, 6)}, s(5, 5, 6)},
		"even":                 {[]sample{s(1, 10, 4), s(3, 20, 8), s(100, 90, 2), s(2, 15, 6)}, s(2, 17, 5)},
		"an outlier is no one": {[]sample{s(1, 1, 1), s(1, 1, 1), s(1e9, 1e9, 1e9)}, s(1, 1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, median(test.samples), cmp.AllowUnexported(sample{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCost(t *testing.T) {
	usage := &syscall.Rusage{
		Utime: syscall.Timeval{Sec: 1, Usec: 500_000}, Stime: syscall.Timeval{Usec: 250_000}, Maxrss: 2048,
	}
	want := sample{wall: time.Second, cpu: 1750 * time.Millisecond, memory: 2 << 20}
	if diff := cmp.Diff(want, cost(time.Second, usage), cmp.AllowUnexported(sample{})); diff != "" {
		t.Error(diff)
	}
}

func TestMeasure(t *testing.T) {
	for name, test := range map[string]struct {
		command command
		failed  string
	}{
		"passes":          {command: command{args: []string{"sh", "-c", "echo well"}, prints: []string{"well"}}},
		"environment":     {command: command{args: []string{"sh", "-c", "echo $BENCH_WORD"}, env: []string{"BENCH_WORD=found"}, prints: []string{"found"}}},
		"fails":           {command{args: []string{"sh", "-c", "echo why >&2; exit 3"}}, "exit status 3\nwhy"},
		"says too little": {command{args: []string{"sh", "-c", "echo ill"}, prints: []string{"well"}}, "it does not print \"well\"\nill"},
		"is not there":    {command{args: []string{"/nowhere/program"}}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := measure(t.Context(), test.command)
			switch {
			case test.failed == "" && err != nil:
				t.Fatal(err)
			case test.failed == "" && (s.wall <= 0 || s.memory <= 0):
				t.Errorf("got %+v", s)
			case test.failed != "":
				wantError(t, err, test.failed)
			}
		})
	}
}

// The CPU time of a child that a script waited for is the script's.
func TestMeasureCountsChildren(t *testing.T) {
	busy := "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
	s, err := measure(t.Context(), command{args: []string{"sh", "-c", "sh -c '" + busy + "'; true"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.cpu < 5*time.Millisecond {
		t.Errorf("the child's CPU time is missing: %v", s.cpu)
	}
}
