package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestDamagedRun: what is lost of a run or has changed in it, as after a restore of some of the tables, is found by each who reads
// it, and the other run is whole.
func TestDamagedRun(t *testing.T) {
	content := []byte("runbook \"r\" {}\n")
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	for name, damage := range map[string]struct {
		statement string
		rows      int64
		says      string
		// unseen says that only what reads the run in full finds it.
		unseen bool
	}{
		"the end is lost":       {"DELETE FROM runbook.batches WHERE run = '01B' AND first_seq >= 3", 2, "it went on to event 4, and what came after event 2 is lost", false},
		"the middle is lost":    {"DELETE FROM runbook.batches WHERE run = '01B' AND first_seq = 2", 1, "after event 1 comes 3", false},
		"all is lost":           {"DELETE FROM runbook.batches WHERE run = '01B'", 4, "none of its events is there", false},
		"an older list of runs": {"UPDATE runbook.runs SET last_seq = 3 WHERE id = '01B'", 1, "the list of runs ends it with event 3, and there are events up to 4", false},
		"a byte of an event": {"UPDATE runbook.batches SET events = overlay(events PLACING 'timf' FROM position('time' IN encode(events, 'escape'))) WHERE run = '01B' AND first_seq = 2",
			1, "its events 2 to 2, or what is encrypted of them, are not all as they were written", false},
		"a batch of another run": {"UPDATE runbook.batches SET sum = (SELECT sum FROM runbook.batches WHERE run = '01A' AND first_seq = 2) WHERE run = '01B' AND first_seq = 2",
			1, "its events 2 to 2, or what is encrypted of them, are not all as they were written", false},
		"a byte of what is sealed":  {"UPDATE runbook.sealed SET data = set_byte(data, 1, 65) WHERE run = '01B'", 1, "its events 3 to 3, or what is encrypted of them,", false},
		"what is sealed is lost":    {"DELETE FROM runbook.sealed WHERE run = '01B'", 1, "its events 3 to 3, or what is encrypted of them,", false},
		"sealed parts too many":     {"INSERT INTO runbook.sealed SELECT run, 2, data FROM runbook.sealed", 1, "its events 2 to 2, or what is encrypted of them,", false},
		"a sealed part of no event": {"INSERT INTO runbook.sealed SELECT run, 9, data FROM runbook.sealed", 1, "something is kept encrypted of event 9, which is not there", false},
		"a byte of a file":          {"UPDATE runbook.files SET content = set_byte(content, 3, 65)", 1, "its content has changed", true},
		"a file is lost":            {"DELETE FROM runbook.run_files", 1, hash, true},
	} {
		t.Run(name, func(t *testing.T) {
			address := database(t)
			j := open(t, address, journal.ReadWrite)
			for _, id := range []string{"01A", "01B"} {
				first := started(id)
				if id == "01B" {
					first = entry(&run.Event{V: 1, Seq: 1, Run: id, Type: run.RunStarted, Header: &run.Header{Runbook: "r", Files: []run.FileRef{{Path: "r.hcl", SHA256: hash}}}})
					first.Files = []journal.File{{SHA256: hash, Content: content}}
				}
				list := []journal.Entry{first, finished(id, 2), finished(id, 3), finished(id, 4)}
				if id == "01B" {
					list[2].Sealed = []byte("sealed")
				}
				for _, e := range list {
					if err := errors.Join(j.Append(t.Context(), id, []journal.Entry{e}), j.Sync(t.Context())); err != nil {
						t.Fatal(err)
					}
				}
			}
			if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Readable != 2 {
				t.Fatalf("before: %+v, %v", r, err)
			}
			if ids, err := probe(t, j, "01A", "01B"); err != nil || len(ids) > 0 {
				t.Fatalf("damaged before: %v, %v", ids, err)
			}
			exec(t, address, damage.statement, damage.rows)
			for _, j := range []journal.Journal{j, open(t, address, journal.ReadOnly)} {
				r, err := journal.Check(t.Context(), j)
				if err != nil || !slices.Equal(r.Whole, []string{"01A"}) || len(r.Damaged) != 1 || r.Damaged[0].Run != "01B" || !strings.Contains(r.Damaged[0].Error, damage.says) {
					t.Errorf("check: %+v, %v", r, err)
				}
				ids, err := probe(t, j, "01A", "01B")
				if seen := slices.Equal(ids, []string{"01B"}); err != nil || seen == damage.unseen {
					t.Errorf("damaged by the look at the sums: %v, %v", ids, err)
				}
				if damage.unseen {
					continue
				}
				if err := readAll(t, j, "01B"); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), damage.says) || !strings.Contains(err.Error(), "history "+j.(journal.Named).Name()+": ") {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
}

// TestLayoutWithoutSums: a history of the first layout is read as it is, and its end is held against the list; what is written once it has
// the present layout has sums.
func TestLayoutWithoutSums(t *testing.T) {
	address := database(t)
	present := layouts
	layouts = present[:1]
	t.Cleanup(func() { layouts = present })
	old := open(t, address, journal.ReadWrite)
	exec(t, address, `INSERT INTO runbook.runs (id, runbook, file, environment, "user", started_at, last_seq) VALUES ('01A', 'r', '', '', '', now(), 2)`, 1)
	for _, e := range []journal.Entry{started("01A"), finished("01A", 2)} {
		exec(t, address, "INSERT INTO runbook.batches (run, first_seq, events) VALUES ('01A', "+strconv.FormatInt(e.Event.Seq, 10)+", convert_to('"+string(e.JSON)+"' || chr(10), 'UTF8'))", 1)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	layouts = present
	reader := open(t, address, journal.ReadOnly)
	j := open(t, address, journal.ReadWrite)
	for _, j := range []journal.Journal{reader, j} {
		if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Events != 2 {
			t.Errorf("check: %+v, %v", r, err)
		}
		if ids, err := probe(t, j, "01A"); err != nil || len(ids) > 0 {
			t.Errorf("damaged: %v, %v", ids, err)
		}
	}
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{finished("01A", 3)}), j.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	exec(t, address, "SELECT 1 FROM runbook.batches WHERE sum IS NOT NULL", 1)
	if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Events != 3 {
		t.Errorf("check: %+v, %v", r, err)
	}
	if ids, err := probe(t, j, "01A"); err != nil || len(ids) > 0 {
		t.Errorf("damaged: %v, %v", ids, err)
	}
	exec(t, address, "DELETE FROM runbook.batches WHERE first_seq = 3", 1)
	if err := readAll(t, reader, "01A"); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("the end is lost: %v", err)
	}
}

// TestLayoutWithSumsOfEvents: the sums of a history of the second layout cover no sealed parts, and do once it has the present one.
func TestLayoutWithSumsOfEvents(t *testing.T) {
	address := database(t)
	present := layouts
	layouts = present[:2]
	t.Cleanup(func() { layouts = present })
	old := open(t, address, journal.ReadWrite)
	exec(t, address, `INSERT INTO runbook.runs (id, runbook, file, environment, "user", started_at, last_seq) VALUES ('01A', 'r', '', '', '', now(), 2)`, 1)
	for _, e := range []journal.Entry{started("01A"), finished("01A", 2)} {
		exec(t, address, fmt.Sprintf(`INSERT INTO runbook.batches (run, first_seq, last_seq, events, sum) SELECT '01A', %[1]d, %[1]d, events,
			sha256(convert_to('01A %[1]d %[1]d ', 'UTF8') || events) FROM (SELECT convert_to('%[2]s' || chr(10), 'UTF8') AS events) AS e`, e.Event.Seq, e.JSON), 1)
	}
	exec(t, address, "INSERT INTO runbook.sealed (run, seq, data) VALUES ('01A', 2, 'sealed')", 1)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	layouts = present
	reader := open(t, address, journal.ReadOnly)
	j := open(t, address, journal.ReadWrite)
	for _, j := range []journal.Journal{reader, j} {
		if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Events != 2 {
			t.Errorf("check: %+v, %v", r, err)
		}
		if ids, err := probe(t, j, "01A"); err != nil || len(ids) > 0 {
			t.Errorf("damaged: %v, %v", ids, err)
		}
	}
	exec(t, address, "UPDATE runbook.sealed SET data = 'sealee'", 1)
	if err := readAll(t, j, "01A"); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
}

// TestLayoutWithoutRowSums: a history of the third layout is read as it is; its list of runs, messages and locks have sums once it has the
// present one.
func TestLayoutWithoutRowSums(t *testing.T) {
	for statement, says := range map[string]string{
		"UPDATE runbook.runs SET file = 'other.hcl'":  "what the list of runs says of it is not as it was written",
		"UPDATE runbook.messages SET body = '{}'":     "a message to it is not as it was written",
		"UPDATE runbook.locks SET owner = '{}'":       `the lock "deploy" is not as it was written`,
		"UPDATE runbook.runs SET duration_ms = 1e-7":  "what the list of runs says of it is not as it was written",
		"UPDATE runbook.runs SET ended_at = infinity": "what the list of runs says of it is not as it was written",
	} {
		t.Run(statement, func(t *testing.T) {
			address := ofThirdLayout(t)
			reader := open(t, address, journal.ReadOnly)
			j := open(t, address, journal.ReadWrite)
			for _, j := range []journal.Journal{reader, j} {
				if r, err := journal.Check(t.Context(), j); err != nil || !r.Sound() || r.Events != 1 {
					t.Errorf("check: %+v, %v", r, err)
				}
				messages, err := j.Messages(t.Context(), "01A", 0)
				locks, lockErr := j.Locks(t.Context())
				if err := errors.Join(err, lockErr); err != nil || len(messages) != 1 || len(locks) != 1 || locks[0].Owner.Run != "01A" {
					t.Errorf("messages: %v, locks: %v, %v", messages, locks, err)
				}
			}
			exec(t, address, strings.Replace(statement, "infinity", "'infinity'", 1), 1)
			if r, err := journal.Check(t.Context(), reader); err != nil || !r.Sound() {
				t.Errorf("check by who opened it before: %+v, %v", r, err)
			}
			r, err := journal.Check(t.Context(), j)
			if told := fmt.Sprint(r.Problems, r.Damaged); err != nil || !strings.Contains(told, says) {
				t.Errorf("check: %+v, %v", r, err)
			}
		})
	}
}

// TestSumsInAnySession: who reads a history with other settings of times and numbers than its writer had finds nothing wrong.
func TestSumsInAnySession(t *testing.T) {
	address := database(t)
	j := open(t, address+"&timezone=Asia/Tokyo&datestyle=German&extra_float_digits=0&intervalstyle=iso_8601", journal.ReadWrite)
	status, took := 0, 0.1+0.2
	end := entry(&run.Event{V: 1, Seq: 2, Run: "01A", Type: run.RunFinished, Outcome: run.Pass, ExitStatus: &status, DurationMS: &took, Time: time.Now()})
	if err := errors.Join(j.Append(t.Context(), "01A", []journal.Entry{started("01A"), end}), j.Sync(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := j.Send(t.Context(), "01A", journal.Message{Kind: journal.MessageCancel, At: time.Now(), By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Acquire(t.Context(), "deploy", journal.Owner{Run: "01A"}, time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	for _, session := range []string{"", "&timezone=America/New_York&extra_float_digits=3&bytea_output=escape"} {
		if r, err := journal.Check(t.Context(), open(t, address+session, journal.ReadOnly)); err != nil || !r.Sound() {
			t.Errorf("%s: %+v, %v", session, r, err)
		}
	}
}

// ofThirdLayout makes a history as a program wrote it whose newest layout was the third.
func ofThirdLayout(t *testing.T) (address string) {
	t.Helper()
	address = database(t)
	present := layouts
	layouts = present[:3]
	t.Cleanup(func() { layouts = present })
	old := open(t, address, journal.ReadWrite)
	e := started("01A")
	exec(t, address, `INSERT INTO runbook.runs (id, runbook, file, environment, "user", started_at, last_seq, counts, duration_ms, ended_at)
		VALUES ('01A', 'r', '', 'ä', '"', now(), 1, '{"pass": 1}', 0.1, '2026-11-29 10:00:00.123456+02')`, 1)
	exec(t, address, fmt.Sprintf(`INSERT INTO runbook.batches (run, first_seq, last_seq, events, sum) SELECT '01A', 1, 1, events,
		sha256(convert_to('01A 1 1 ', 'UTF8') || events) FROM (SELECT convert_to('%s' || chr(10), 'UTF8') AS events) AS e`, e.JSON), 1)
	exec(t, address, `INSERT INTO runbook.messages (run, body) VALUES ('01A', '{"kind": "cancel", "by": "ann"}')`, 1)
	exec(t, address, `INSERT INTO runbook.locks (name, token, run, owner, since) VALUES ('deploy', 't', '01A', '{"run": "01A"}', now())`, 1)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	layouts = present
	return address
}

func probe(t *testing.T, j journal.Journal, ids ...string) ([]string, error) {
	t.Helper()
	return j.(journal.Prober).Probe(t.Context(), ids)
}

// readAll reads a run as far as that can be done.
func readAll(t *testing.T, j journal.Journal, id string) error {
	t.Helper()
	for _, err := range j.Events(t.Context(), id) {
		if err != nil {
			return err
		}
	}
	return nil
}
