package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestDamageBesideALog: neither the file nor the log beside it is written, not even by bringing them together.
func TestDamageBesideALog(t *testing.T) {
	path := crashed(t, 20)
	whole, err := os.ReadFile(path)
	log, logErr := os.ReadFile(logOf(path))
	if err := errors.Join(err, logErr); err != nil {
		t.Fatal(err)
	}
	renewed := map[uint32]bool{} // the pages that the log has anew: see SQLite's file format
	for at := 32; at+24 <= len(log); at += 24 + 4096 {
		renewed[binary.BigEndian.Uint32(log[at:])] = true
	}
	page := uint32(2)
	for renewed[page] {
		page++
	}
	if int(page)*4096 > len(whole) {
		t.Fatal("the log has all pages anew")
	}
	copy(whole[(page-1)*4096:], bytes.Repeat([]byte{0xa5}, 4096))
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("open for writing: %v, %v", j, err)
	}
	unchanged(t, path, whole)
	unchanged(t, logOf(path), log)
}

// TestDamageOfALargeFile: a file that is too large to be looked at first is looked at while it is used, and nothing more is
// written once damage was found.
func TestDamageOfALargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	list := []journal.Entry{started("01A")}
	for seq := int64(2); seq <= 20; seq++ {
		e := finished("01A", seq)
		e.Event.Result = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
		list = append(list, entry(e.Event))
	}
	if err := errors.Join(j.Append(t.Context(), "01A", list), j.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, 1000*4096) // where the event goes on
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	<-j.(*store).look.over
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{finished("01A", 21)}), j.Sync(t.Context())); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("append: %v", err)
	}
	if _, _, err := j.Acquire(t.Context(), "deploy", journal.Owner{Run: "01A"}, time.Minute, nil); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("acquire: %v", err)
	}
	if err := j.Close(); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("close: %v", err)
	}
	unchanged(t, path, bad)
	// Who is done before the damage is found hears of it at the end.
	if err := open(t, path).Close(); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("close at once: %v", err)
	}
}

// TestPruneDeletesNothingOfADamagedFile: what is to be deleted is looked at first, in files of any size, also where nothing would be.
func TestPruneDeletesNothingOfADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	for _, id := range []string{"01A", "01B"} {
		list := []journal.Entry{started(id)}
		for seq := int64(2); seq <= 10; seq++ {
			e := finished(id, seq)
			e.Event.Result = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
			list = append(list, entry(e.Event))
		}
		status := 0
		end := &run.Event{V: 1, Seq: 11, Run: id, Type: run.RunFinished, Outcome: run.Pass, ExitStatus: &status, Time: time.Unix(1_700_000_000, 0)}
		if err := j.Append(t.Context(), id, append(list, entry(end))); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) <= lookFirst {
		t.Fatal("the file is looked at before it is opened")
	}
	bad[bytes.LastIndex(bad, []byte("xxxx"))] = 'y'
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(what string, err error) {
		if !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "run 01") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, open := range []func(context.Context, string) (journal.Journal, error){Open, OpenReadOnly} {
		j, err := open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := j.Prunable(t.Context(), inYears)
		if says("prunable", err); n != 0 {
			t.Errorf("%d are prunable", n)
		}
		if n, err = j.Prune(t.Context(), inYears); n != 0 || err == nil {
			t.Errorf("prune: %d, %v", n, err)
		}
		_ = j.Close() // says it too where it was open for writing
		unchanged(t, path, bad)
	}
}

// BenchmarkOpen opens a file of less than what is looked at first, and one of more.
func BenchmarkOpen(b *testing.B) {
	for name, size := range map[string]int{"7 MB": 7, "50 MB": 50} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "runs.db")
			j := open(b, path)
			list := []journal.Entry{started("01A")}
			for seq := int64(2); seq <= int64(size)<<10; seq++ {
				e := finished("01A", seq)
				e.Event.Result = json.RawMessage(`"` + strings.Repeat("x", 700) + `"`)
				list = append(list, entry(e.Event))
			}
			if err := j.Append(b.Context(), "01A", list[:1]); err != nil {
				b.Fatal(err)
			}
			for part := range slices.Chunk(list[1:], 4) {
				if err := j.Append(b.Context(), "01A", part); err != nil {
					b.Fatal(err)
				}
				if err := j.Sync(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			if err := j.Close(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				j := open(b, path)
				b.StopTimer()
				if err := j.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
