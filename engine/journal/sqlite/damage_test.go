package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// history makes a journal of runs with many events each, closed, and gives its content.
func history(t *testing.T, runs int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runs.db")
	j := open(t, path)
	for i := range runs {
		id := fmt.Sprintf("01%02d", i)
		first := started(id)
		first.Event.Time = time.Unix(1_700_000_000+int64(i), 0)
		list := []journal.Entry{entry(first.Event)}
		for seq := int64(2); seq <= 400; seq++ {
			list = append(list, finished(id, seq))
		}
		list = append(list, entry(&run.Event{V: 1, Seq: 401, Run: id, Type: run.RunFinished, Outcome: run.Pass}))
		if err := errors.Join(j.Append(t.Context(), id, list), j.Sync(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestDamage damages files: what can be read is, the damage is told, and nothing is written.
func TestDamage(t *testing.T) {
	whole := history(t, 14)
	cut := func(percent int) func([]byte) []byte {
		return func(b []byte) []byte { return b[:len(b)*percent/100/4096*4096] }
	}
	for name, c := range map[string]struct {
		damage func([]byte) []byte
		// runs is how many can be told of, least and most how many can be read.
		runs, least, most int
	}{
		"a page of events is torn": {func(b []byte) []byte {
			at := bytes.Index(b, []byte(`"run":"0107"`)) / 4096 * 4096
			copy(b[at:], bytes.Repeat([]byte{0xa5}, 4096))
			return b
		}, 14, 11, 13},
		"a byte of an event has changed": {func(b []byte) []byte {
			b[bytes.Index(b, []byte(`{"v":1,"seq":200,`))] = 'x'
			return b
		}, 14, 13, 13},
		"a letter within an event has changed": {func(b []byte) []byte {
			b[bytes.Index(b, []byte(`"run":"0107","type":"step_finished"`))+24] ^= 1
			return b
		}, 14, 13, 13},
		"an event is garbage of the same length": {func(b []byte) []byte {
			at := bytes.Index(b, []byte(`{"v":1,"seq":100,`))
			copy(b[at:], bytes.Repeat([]byte("?"), 40))
			return b
		}, 14, 13, 13},
		"three quarters are missing": {cut(25), 0, 1, 5},
		"the second half is missing": {cut(50), 0, 5, 8},
		"a quarter is missing":       {cut(75), 0, 8, 12},
		"the end is missing":         {cut(95), 0, 12, 14},
		"the header is gone":         {func(b []byte) []byte { clear(b[:100]); return b }, 14, 14, 14},
		"the first page is gone":     {func(b []byte) []byte { clear(b[:4096]); return b }, 14, 14, 14},
		"the list of runs is torn": {func(b []byte) []byte {
			for at := 4096; at < len(b); at += 4096 {
				if p := b[at : at+4096]; (p[0] == 0x0a || p[0] == 0x0d) && bytes.Contains(p, []byte("0107bench")) {
					clear(p)
				}
			}
			return b
		}, 14, 14, 14},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "runs.db")
			bad := c.damage(bytes.Clone(whole))
			if bytes.Equal(bad, whole) {
				t.Fatal("nothing is damaged")
			}
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			defer unchanged(t, path, bad)
			if j, err := Open(t.Context(), path); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("open for writing: %v, %v", j, err)
			}
			j, err := OpenReadOnly(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			report, err := journal.Check(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			if c.runs > 0 && report.Runs != c.runs || report.Readable < c.least || report.Readable > c.most || report.Sound() || report.Events < 401*report.Readable {
				t.Errorf("%d of %d runs can be read: %+v", report.Readable, report.Runs, report)
			}
			for _, d := range report.Damaged {
				if err := readAll(t, j, d.Run); !errors.Is(err, journal.ErrDamaged) {
					t.Errorf("run %s: %v", d.Run, err)
				}
			}
			if runs, err := j.Runs(t.Context(), journal.Filter{}); len(runs) < report.Readable || c.runs == 0 && !errors.Is(err, journal.ErrDamaged) {
				t.Errorf("%d runs are listed, %v", len(runs), err)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func readAll(t *testing.T, j journal.Journal, id string) error {
	t.Helper()
	for _, err := range j.Events(t.Context(), id) {
		if err != nil {
			return err
		}
	}
	return nil
}

func unchanged(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed", path)
	}
}

// crashed copies a journal with its log while a process writes it, as a crash leaves them.
func crashed(t *testing.T, events int64) string {
	t.Helper()
	from, to := filepath.Join(t.TempDir(), "runs.db"), filepath.Join(t.TempDir(), "runs.db")
	if err := open(t, from).Close(); err != nil { // the tables are not in the log
		t.Fatal(err)
	}
	j := open(t, from)
	for seq := int64(1); seq <= events; seq++ {
		e := started("01A")
		if seq > 1 {
			e = finished("01A", seq)
		}
		if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{e}), j.Sync(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestTruncatedLog cuts the log at many places: what comes before the cut is read, and the run goes on from there.
func TestTruncatedLog(t *testing.T) {
	whole := crashed(t, 20)
	info, err := os.Stat(logOf(whole))
	if err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	for part := int64(4); part <= 8; part++ {
		path := crashed(t, 20)
		if err := os.Truncate(logOf(path), info.Size()*part/8-part%2); err != nil {
			t.Fatal(err)
		}
		j := open(t, path)
		n := int64(0)
		for e, err := range j.Events(t.Context(), "01A") {
			if err != nil {
				t.Fatal(err)
			}
			n = e.Event.Seq
		}
		if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() {
			t.Errorf("%d of 8 parts of the log: %+v, %v", part, r, err)
		}
		if n < last || n == 0 {
			t.Errorf("%d of 8 parts of the log: %d events, after %d", part, n, last)
		}
		last = n
		if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{finished("01A", n+1)}), j.Close()); err != nil {
			t.Errorf("going on after event %d: %v", n, err)
		}
	}
	if last != 20 {
		t.Errorf("%d of 20 events with the whole log", last)
	}
}

// TestEmptyFile: an empty file is a new one, unless a log beside it holds what was written.
func TestEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := reader.Runs(t.Context(), journal.Filter{}); err != nil || len(runs) > 0 {
		t.Errorf("runs of an empty file: %v, %v", runs, err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Error(err)
	}
	torn := crashed(t, 5)
	if err := os.Truncate(torn, 0); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(logOf(torn))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), torn); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("open: %v", err)
	}
	reader, err = OpenReadOnly(t.Context(), torn)
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := reader.Runs(t.Context(), journal.Filter{}); !errors.Is(err, journal.ErrDamaged) || len(runs) != 1 {
		t.Errorf("what the log tells of: %+v, %v", runs, err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	unchanged(t, torn, nil)
	unchanged(t, logOf(torn), log)
}
