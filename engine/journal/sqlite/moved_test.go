package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestMovedFile takes the file of a history away while it is open for writing.
func TestMovedFile(t *testing.T) {
	move := func(t *testing.T, path string) {
		for _, beside := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(path+beside, path+".safe"+beside); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, take := range map[string]func(t *testing.T, path string){
		"moved": move,
		"deleted": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"another in its place": func(t *testing.T, path string) {
			move(t, path)
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			path := filepath.Join(t.TempDir(), "runs.db")
			j := open(t, path)
			t.Cleanup(func() {
				if err := j.Close(); err != nil {
					t.Error(err)
				}
			})
			if err := errors.Join(j.Append(ctx, "01A", []journal.Entry{started("01A")}), j.Sync(ctx)); err != nil {
				t.Fatal(err)
			}
			take(t, path)
			if _, _, err := j.Acquire(ctx, "nightly", journal.Owner{Run: "01A"}, time.Second, nil); !errors.Is(err, journal.ErrMoved) {
				t.Errorf("lock: %v", err)
			}
			if err := errors.Join(j.Append(ctx, "01A", []journal.Entry{finished("01A", 2)}), j.Sync(ctx)); !errors.Is(err, journal.ErrMoved) {
				t.Errorf("append: %v", err)
			}
			if last := j.Kept("01A"); last != 1 {
				t.Errorf("event %d counts as kept, want 1", last)
			}
		})
	}
}
