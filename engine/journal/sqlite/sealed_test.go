package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// withSealed makes a closed journal of two runs; each batch of 01B has something encrypted.
func withSealed(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	for _, id := range []string{"01A", "01B"} {
		for seq := int64(1); seq <= 3; seq++ {
			e := finished(id, seq)
			if seq == 1 {
				e = started(id)
			}
			if id == "01B" {
				e.Sealed = bytes.Repeat([]byte{byte(0xa0 + seq)}, 40)
			}
			if err := errors.Join(j.Append(t.Context(), id, []journal.Entry{e}), j.Sync(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Readable != 2 {
		t.Fatalf("before: %+v, %v", r, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// statement changes a file behind the journal's back.
func statement(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), text+"; PRAGMA wal_checkpoint(TRUNCATE)")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedSealedParts: what has changed or is lost of what is encrypted is damage of the file, in which nothing is written any more.
func TestDamagedSealedParts(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, string){
		"a byte": func(t *testing.T, path string) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b[bytes.LastIndex(b, bytes.Repeat([]byte{0xa2}, 40))+7] ^= 1
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a row is lost":         statement("DELETE FROM sealed WHERE seq = 2"),
		"another event's":       statement("UPDATE sealed SET data = (SELECT data FROM sealed WHERE seq = 3) WHERE seq = 2"),
		"a row of another file": statement("INSERT INTO sealed SELECT batch, 7, data FROM sealed WHERE seq = 2"),
	} {
		t.Run(name, func(t *testing.T) {
			path := withSealed(t)
			damage(t, path)
			bad, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			const says = "its events 2 to 2, or what is encrypted of them, are not all as they were written"
			if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), says) {
				t.Errorf("open: %v, %v", j, err)
			}
			reader, err := OpenReadOnly(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if ids, err := reader.(journal.Prober).Probe(t.Context(), []string{"01A", "01B"}); err != nil || !slices.Equal(ids, []string{"01B"}) {
				t.Errorf("damaged by the look at the sums: %v, %v", ids, err)
			}
			r, err := journal.Check(t.Context(), reader)
			if err != nil || !slices.Equal(r.Whole, []string{"01A"}) || len(r.Damaged) != 1 || !strings.Contains(r.Damaged[0].Error, says) || len(r.Problems) > 0 {
				t.Errorf("check: %+v, %v", r, err)
			}
			var parts [][]byte
			for e, err := range reader.Events(t.Context(), "01B") {
				if err == nil {
					parts = append(parts, e.Sealed)
				}
			}
			if len(parts) != 2 || parts[0] == nil || parts[1] != nil {
				t.Errorf("of the events that can be read, what is encrypted is %x", parts)
			}
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
			unchanged(t, path, bad)
		})
	}
}

// TestStraySealedParts: what is encrypted of an event that is not there was never written so.
func TestStraySealedParts(t *testing.T) {
	for name, text := range map[string]string{
		"of a batch behind the run's last": "INSERT INTO sealed SELECT batch + 5, seq + 5, data FROM sealed WHERE seq = 3",
		"of a run that is not there":       "INSERT INTO sealed SELECT batch + (7 << 32), seq, data FROM sealed WHERE seq = 2",
	} {
		t.Run(name, func(t *testing.T) {
			path := withSealed(t)
			statement(text)(t, path)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			const says = "which is not there"
			if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), says) {
				t.Errorf("open: %v, %v", j, err)
			}
			reader, err := OpenReadOnly(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := journal.Check(t.Context(), reader); err != nil || r.Readable != 2 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], says) {
				t.Errorf("check: %+v, %v", r, err)
			}
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
			unchanged(t, path, b)
		})
	}
}

// TestDamagedListOfRuns: what has changed in the row of a run is damage of the file.
func TestDamagedListOfRuns(t *testing.T) {
	path := withSealed(t)
	statement("UPDATE runs SET status = 'paused' WHERE id = '01A'")(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const says = "what the list of runs says of it is not as it was written"
	if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), says) {
		t.Errorf("open: %v, %v", j, err)
	}
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := journal.Check(t.Context(), reader); err != nil || r.Readable != 2 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], says) {
		t.Errorf("check: %+v, %v", r, err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	unchanged(t, path, b)
}

// TestDamagedIndexOfRuns: a run that the index of the list does not have is listed all the same, with the damage.
func TestDamagedIndexOfRuns(t *testing.T) {
	path := withSealed(t)
	for _, text := range []string{ // the index is made anew as one without the run
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' WHERE id > ''01A''' WHERE name = 'runs_by_time'",
		"REINDEX runs_by_time",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' WHERE id > ''01A''', '') WHERE name = 'runs_by_time'",
	} {
		statement(text)(t, path)
	}
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := reader.Runs(t.Context(), journal.Filter{})
	if !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "index runs_by_time") || len(runs) != 2 {
		t.Errorf("runs: %+v, %v", runs, err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
}

// TestAddedSums: what a file of a layout before held is covered once it was brought to the present one.
func TestAddedSums(t *testing.T) {
	for _, layout := range []string{"layout4.db", "layout5.db"} {
		old, err := os.ReadFile(filepath.Join("testdata", layout))
		if err != nil {
			t.Fatal(err)
		}
		for text, says := range map[string]string{
			"UPDATE sealed SET data = substr(data, 1, length(data) - 1) || x'00'": "what is encrypted of them",
			"UPDATE messages SET body = replace(body, 'true', 'null')":            "a message to it is not as it was written",
			"UPDATE locks SET token = 'another' WHERE name = 'disk'":              `the lock "disk" is not as it was written`,
			"DELETE FROM batches WHERE id = (SELECT max(id) FROM batches)":        "is lost",
			"DELETE FROM ends WHERE number = 1":                                   "the list of runs ends it with event 0",
			"DELETE FROM batches; DELETE FROM runs WHERE number = 1":              "and the list of runs does not have it",
		} {
			path := filepath.Join(t.TempDir(), "runs.db")
			if err := os.WriteFile(path, old, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			statement(text)(t, path)
			if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %s: %v, %v", layout, text, j, err)
			}
		}
	}
}
