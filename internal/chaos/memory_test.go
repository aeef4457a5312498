package chaos

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// dayBook polls every five seconds for hours.
const dayBook = `
runbook "day" { timeout = "25h" }
provider "fake" {}
step "fake_read" "watched" {
  id    = "watched"
  value = { text = "TEXT" }
  poll {
    until    = self.call >= CALLS
    interval = "5s"
    timeout  = "25h"
  }
}
`

// TestMemoryStaysFlat polls for a day (an hour in the short form) on a clock that does not wait: what the program holds
// must not grow with the length of a run.
func TestMemoryStaysFlat(t *testing.T) {
	calls := sample(720, 17_280)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		j := openStore(t, filepath.Join(dir, "runs.db"))
		defer closeStore(t, j)
		fake := &enginetest.Fake{}
		e := enginetest.New(fake, nil)
		rb, diags := e.Load(enginetest.Write(t, fill(dayBook, "CALLS", fmt.Sprint(calls), "TEXT", longText())))
		runtest.Must(t, diags)
		plan, diags := e.Plan(t.Context(), rb, engine.PlanOptions{Apply: true})
		runtest.Must(t, diags)
		events, early, late := 0, uint64(0), uint64(0)
		result, diags := e.Run(t.Context(), plan, engine.RunOptions{Journal: j, Sink: func(entry journal.Entry) {
			events++
			if entry.Event.Type == run.StepWaiting {
				switch entry.Event.Attempt {
				case calls / 10:
					early = heap()
				case calls - 2:
					late = heap()
				}
			}
		}})
		runtest.Must(t, diags)
		if result.Outcome != run.Pass || fake.Calls("watched") != calls {
			t.Fatalf("outcome %s after %d calls", result.Outcome, fake.Calls("watched"))
		}
		t.Logf("%s passed on the run's clock, %d events; the heap held %d KB early and %d KB late",
			time.Since(began), events, early>>10, late>>10)
		if early == 0 || late == 0 {
			t.Fatal("the heap was not measured")
		}
		// Each poll leaving as little as 100 bytes behind would show in the long form.
		if grown := int64(late) - int64(early); grown > 1<<20 {
			t.Errorf("the heap grew by %d KB", grown>>10)
		}
	})
}

// heap is what is held after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// longText makes a result that would show if results were kept.
func longText() string {
	text := make([]byte, 4096)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	return string(text)
}
