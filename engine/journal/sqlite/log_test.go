package sqlite

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestDamagedLog flips a bit of the log in many places: where that would have what was on disk be as if it never was, nothing is written, and
// what is left can be read. What changes in the last transaction looks as if a crash had cut it off.
func TestDamagedLog(t *testing.T) {
	whole := crashed(t, 20)
	file, err := os.ReadFile(whole)
	log, logErr := os.ReadFile(logOf(whole))
	if err := errors.Join(err, logErr); err != nil {
		t.Fatal(err)
	}
	const frame = frameHead + ourPage
	last := logHead + (len(log)-logHead)/frame*frame - frame // perhaps of two
	for _, at := range []int{5, 11, 17, 25, logHead, logHead + 2, logHead + 4, logHead + 6, logHead + 10, logHead + 18, logHead + frameHead + 100, logHead + 3*frame + 3, logHead + 5*frame + 2000, last - 3*frame + 200, last + frame - 1} {
		path := filepath.Join(t.TempDir(), "runs.db")
		bad := bytes.Clone(log)
		bad[at] ^= 0x10
		if err := errors.Join(os.WriteFile(path, file, 0o600), os.WriteFile(logOf(path), bad, 0o600)); err != nil {
			t.Fatal(err)
		}
		j, err := Open(t.Context(), path)
		if at >= last {
			if err != nil || j.Close() != nil {
				t.Errorf("byte %d, of the last transaction: %v", at, err)
			}
			continue
		}
		if !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("byte %d: open: %v, %v", at, j, err)
			if err == nil {
				_ = j.Close() // it should not be open
			}
			continue
		}
		left, err := OpenReadOnly(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := journal.Check(t.Context(), left); err != nil || r.Sound() || r.Runs != 1 || r.Events == 0 {
			t.Errorf("byte %d: check: %+v, %v", at, r, err)
		}
		if err := left.Close(); err != nil {
			t.Error(err)
		}
		unchanged(t, path, file)
		unchanged(t, logOf(path), bad)
	}
}

// TestLogWhileItGrows: what another process writes at the moment is no damage.
func TestLogWhileItGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	writer := open(t, path)
	defer closing(t, writer)
	stop, over := make(chan struct{}), make(chan error, 1)
	go func() {
		e := started("01A")
		for seq := int64(1); ; seq++ {
			if seq > 1 {
				e = finished("01A", seq)
			}
			if err := errors.Join(writer.Append(t.Context(), "01A", []journal.Entry{e}), writer.Sync(t.Context())); err != nil {
				over <- err
				return
			}
			select {
			case <-stop:
				over <- nil
				return
			default:
			}
		}
	}()
	for range 200 {
		if err := soundLog(path); err != nil {
			t.Error(err)
			break
		}
	}
	close(stop)
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// TestFlippedBytesBesideALog flips bytes anywhere in a file and its log: what is opened for writing all the same has all events, but for those
// of the last transaction, and what is not stays as it is.
func TestFlippedBytesBesideALog(t *testing.T) {
	whole := crashed(t, 20)
	file, err := os.ReadFile(whole)
	log, logErr := os.ReadFile(logOf(whole))
	if err := errors.Join(err, logErr); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 41))
		path := filepath.Join(t.TempDir(), "runs.db")
		badFile, badLog := bytes.Clone(file), bytes.Clone(log)
		for range 1 + random.IntN(4) {
			if at := random.IntN(len(file) + len(log)); at < len(file) {
				badFile[at] ^= byte(1 << random.IntN(8))
			} else {
				badLog[at-len(file)] ^= byte(1 << random.IntN(8))
			}
		}
		if err := errors.Join(os.WriteFile(path, badFile, 0o600), os.WriteFile(logOf(path), badLog, 0o600)); err != nil {
			t.Fatal(err)
		}
		if left, err := OpenReadOnly(t.Context(), path); err == nil {
			if _, err := journal.Check(t.Context(), left); err != nil {
				t.Errorf("seed %d: check: %v", seed, err)
			}
			if err := left.Close(); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
		j, err := Open(t.Context(), path)
		if err != nil {
			unchanged(t, path, badFile)
			unchanged(t, logOf(path), badLog)
			continue
		}
		if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Events < 19 {
			t.Errorf("seed %d: it opens, and a check: %+v, %v", seed, r, err)
		}
		if err := j.Close(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
