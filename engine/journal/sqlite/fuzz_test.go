package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// FuzzDamage writes anything anywhere into a file and cuts it off: reading what is left ends, and changes nothing.
func FuzzDamage(f *testing.F) {
	whole, err := os.ReadFile(filepath.Join("testdata", "layout2.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), make([]byte, 100), uint32(len(whole)))
	f.Add(uint32(4096), []byte{0x0d, 0, 0, 0xff, 0xff, 0, 1}, uint32(len(whole)/2))
	f.Add(uint32(60), []byte{0xff, 0xff, 0xff, 0xff}, uint32(len(whole))) // a layout below nought
	f.Add(uint32(28), []byte{0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9}, uint32(len(whole)))
	f.Fuzz(func(t *testing.T, at uint32, garbage []byte, size uint32) {
		bad := bytes.Clone(whole)
		copy(bad[int(at)%len(bad):], garbage)
		bad = bad[:min(len(bad), int(size))]
		path := filepath.Join(t.TempDir(), "runs.db")
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		left, err := findLeftover(t.Context(), path, journal.ErrDamaged)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := journal.Check(t.Context(), left); err != nil {
			t.Error(err)
		}
		if err := left.Close(); err != nil {
			t.Error(err)
		}
		if j, err := OpenReadOnly(t.Context(), path); err == nil {
			if _, err := journal.Check(t.Context(), j); err != nil {
				t.Error(err)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
		unchanged(t, path, bad)
	})
}
