package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestNothingWorseThanPlanned: where a step has other instances at its turn than it had in the plan, none does worse than was told of it.
func TestNothingWorseThanPlanned(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	text := fmt.Sprintf(`
provider "fake" {}
step "fake_read" "first" { id = "first" }
step "fake_told" "each" {
  for_each   = toset(split(",", file(%q)))
  id         = "${each.key} of it"
  depends_on = [step.first]
}
`, keys)
	for turned, want := range map[string]string{"write": "", "read,write": "", "destructive": "its effect is destructive, and it was planned as a write"} {
		t.Run(turned, func(t *testing.T) {
			if err := os.WriteFile(keys, []byte("read,write"), 0o600); err != nil {
				t.Fatal(err)
			}
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id != "first" {
					return nil
				}
				return os.WriteFile(keys, []byte(turned), 0o600)
			}}
			out := enginetest.Run(t, fake, text, enginetest.Options{AutoApprove: true})
			sent := []string{"first"}
			if want == "" {
				for key := range strings.SplitSeq(turned, ",") {
					sent = append(sent, key+" of it")
				}
			}
			if diff := cmp.Diff(sent, fake.Log()); diff != "" {
				t.Errorf("what was sent: %s", diff)
			}
			if want != "" && !strings.Contains(out.Stream, want) {
				t.Errorf("it lacks %q: %s%s", want, out.Stream, out.Diags.Error())
			}
		})
	}
}
