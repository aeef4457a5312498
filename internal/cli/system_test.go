package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMachine: machines of one name are told apart by what their installations are known by, which is not shown.
func TestMachine(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	name := func(id string) string {
		path := filepath.Join(t.TempDir(), "machine-id")
		if err := os.WriteFile(path, []byte(id), 0o600); err != nil {
			t.Fatal(err)
		}
		return machine(path)
	}
	const one, other = "0f3e9c5d7a1b4e2f8c6d5b4a39281706\n", "1f3e9c5d7a1b4e2f8c6d5b4a39281706\n"
	a, b := name(one), name(other)
	if a == b || a != name(one) || !strings.HasPrefix(a, host+" (machine ") || strings.Contains(a, one[:8]) {
		t.Errorf("%q and %q", a, b)
	}
	for _, none := range []string{name(""), machine(filepath.Join(t.TempDir(), "none"))} {
		if none != host {
			t.Errorf("without an id it is %q", none)
		}
	}
}
