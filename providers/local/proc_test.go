package local

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 42 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 10"
	for text, want := range map[string]stat{
		"4711 (sleep)" + rest:         {pid: 4711, group: 42, session: 40, name: "sleep", state: "S", start: 123456},
		"7 (a) R 1 (b))" + rest:       {pid: 7, group: 42, session: 40, name: "a) R 1 (b)", state: "S", start: 123456},
		"7 (two words\nlines)" + rest: {pid: 7, group: 42, session: 40, name: "two words\nlines", state: "S", start: 123456},
	} {
		got, err := parseStat(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(stat{})); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for _, text := range []string{"", "7", "7 (a) S 1 2", "x (a)" + rest, ") 7 (" + rest, "7 (a) S 1 x 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456"} {
		if got, err := parseStat(text); err == nil {
			t.Errorf("%q gave %+v", text, got)
		}
	}
	self, err := statOf(os.Getpid())
	if err != nil || self.pid != os.Getpid() || self.start == 0 || !self.alive() {
		t.Errorf("this process is %+v, %v", self, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("4711 (sleep) S 1 42 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 10")
	f.Add("1 (")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseStat(text); err == nil && s.state == "" {
			t.Errorf("%q has no state", text)
		}
	})
}

// TestProcessesInOrder: who was started first is named first, however many digits its id has.
func TestProcessesInOrder(t *testing.T) {
	all := processes()
	if len(all) == 0 {
		t.Fatal("this system has no /proc")
	}
	for i := range len(all) - 1 {
		a, b := all[i], all[i+1]
		if a.start > b.start || a.start == b.start && a.pid > b.pid {
			t.Errorf("%d, which started at %d, stands before %d, which started at %d", a.pid, a.start, b.pid, b.start)
		}
	}
}
