package builtin

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// TestWritesThatChangeNothing carries out each write twice that can tell whether it changed something. The second time it did not, so its
// undo does not run: that would take back what was there before.
func TestWritesThatChangeNothing(t *testing.T) {
	w := newWorld(t)
	rows := kubernetesRows(w)
	for action, row := range otherRows(t, w) {
		rows[action] = row
	}
	for _, action := range []string{
		"kubernetes_scale", "kubernetes_set_env", "kubernetes_set_image", "kubernetes_set_resources", "kubernetes_label", "kubernetes_apply",
		"kubernetes_patch", "kubernetes_cordon", "kubernetes_uncordon", "kubernetes_drain", "redis_command", "local_write_file", "local_restore_file",
	} {
		t.Run(action, func(t *testing.T) { rows[action].twice(t, w, action) })
	}
}

func (u undone) twice(t *testing.T, w *world, action string) {
	t.Helper()
	if u.prepare != nil {
		u.prepare(t)
	}
	book := filepath.Join(t.TempDir(), "undo.hcl")
	text := fmt.Sprintf("step %q \"first\" {\n  timeout = \"1m\"\n  %s\n}\n", action, u.args) + fmt.Sprintf(undoBook, action, u.args+"\ndepends_on = [step.first]", u.undo, u.back)
	if err := os.WriteFile(book, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	unchanged, undos := map[string]bool{}, 0
	got := runtest.Apply(t, Registry(), book, runtest.Options{Env: w.env, Watch: func(e *run.Event) {
		switch {
		case e.Type == run.StepFinished && e.Outcome == run.Pass:
			unchanged[e.Step] = e.ChangedNothing
		case e.Type == run.UndoStarted:
			undos++
		}
	}})
	if first, there := unchanged["first"]; first || !there || !unchanged["write"] || undos != 0 {
		t.Errorf("changed nothing: %v, %d undos; the second alone changed nothing, and none is due:\n%s\n%s", unchanged, undos, got.Troubles(), got.Stream)
	}
	u.expect(t, "in the end", u.changed)
}
