package builtin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// TestCreatedAndDeletedInOneRun: the undos of a run don't get in each other's way. One brings back what a step deleted, so that the next one
// takes away what an earlier step had created.
func TestCreatedAndDeletedInOneRun(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"ConfigMap", "Secret"} {
		t.Run(kind, func(t *testing.T) {
			book := filepath.Join(t.TempDir(), "undo.hcl")
			head, _, _ := strings.Cut(undoBook, `provider "postgres"`)
			text := strings.Replace(head, `runbook "undo" {}`, "runbook \"both\" {\n  on_failure = \"stop\"\n}", 1) + strings.ReplaceAll(bothSteps, "KIND", kind)
			if err := os.WriteFile(book, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var undone []string
			got := runtest.Apply(t, Registry(), book, runtest.Options{Env: w.env, Watch: func(e *run.Event) {
				if e.Type == run.UndoFinished {
					undone = append(undone, e.Step+" "+string(e.Outcome))
				}
			}})
			if all := strings.Join(undone, ", "); all != "drop pass, make pass" || got.Outcome != run.Fail || !strings.Contains(got.Stream, `"exit_status":1`) {
				t.Errorf("the undos: %s; the run: %s\n%s", all, got.Outcome, got.Stream)
			}
			if left := w.Kubectl(t, "get", kind, "brief", "--ignore-not-found", "-o", "name"); left != "" {
				t.Errorf("left is %s", left)
			}
		})
	}
}

const bothSteps = `
step "kubernetes_apply" "make" {
  manifest = { apiVersion = "v1", kind = "KIND", metadata = { name = "brief" }, data = { colour = "Ymx1ZQ==" } }
  undo "kubernetes_delete" {
    api_version = self.created[0].api_version
    kind        = self.created[0].kind
    namespace   = self.created[0].namespace
    name        = self.created[0].name
    uid         = self.created[0].uid
  }
}
step "kubernetes_delete" "drop" {
  depends_on  = [step.make]
  api_version = "v1"
  kind        = "KIND"
  name        = "brief"
  undo "kubernetes_apply" { manifest = self.manifests }
}
step "kubernetes_cluster" "last" {
  depends_on = [step.drop]
  assert { condition = !self.live }
}
`
