package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// linked is a runbook that is reached by links, and is held to the workspace above the folder that it stands in. Of two steps that
// run one file each names it by a link of its own.
func linked(t *testing.T) (path string, links []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"c/workspace.hcl":       "variable \"x\" { default = \"far\" }\npolicy { effects = [\"read\", \"write\", \"destructive\"] }\n",
		"c/sub/workspace.hcl":   "variable \"x\" { default = \"near\" }\n",
		"c/kids/workspace.hcl":  "variable \"x\" { default = \"kids\" }\n",
		"c/kids/deep/child.hcl": "runbook \"child\" {}\nstep \"fake_write\" \"k\" { id = \"k ${var.x}\" }\n",
		"e/a.hcl":               "",
		"c/sub/r.hcl": `
runbook "r" {}
step "fake_ask" "calm" { prompt = "Is it calm?" }
step "fake_write" "w" {
  id         = "w ${var.x}"
  depends_on = [step.calm]
}
step "runbook" "one" {
  source     = "./one.hcl"
  depends_on = [step.w]
}
step "runbook" "two" {
  source     = "./two.hcl"
  depends_on = [step.one]
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		enginetest.Rewrite(t, path, text)
	}
	for link, target := range map[string]string{
		"e/dir": "../c/sub", "c/sub/one.hcl": "../kids/deep/child.hcl", "c/sub/two.hcl": "../kids/deep/child.hcl",
	} {
		links = append(links, filepath.Join(dir, link))
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "e/dir/r.hcl"), links
}

// TestALinkedRunbookGoesOnWithItsWorkspaces: also once the links are gone that led to it.
func TestALinkedRunbookGoesOnWithItsWorkspaces(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		path, links := linked(t)
		fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
		out := enginetest.RunFile(t, fake, path, opts)
		out.Pauses(t)
		for _, link := range links {
			if gone {
				if err := os.Remove(link); err != nil {
					t.Fatal(err)
				}
			}
		}
		opts.Answers = map[string]string{"calm": "yes"}
		enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
		if diff := cmp.Diff([]string{"w near", "k kids", "k kids"}, fake.Log()); diff != "" {
			t.Error(diff)
		}
	}
}
