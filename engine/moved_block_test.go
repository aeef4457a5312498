package engine_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestBlockThatMovesToAnotherFolder reads another file there, which is told, and what it is about runs again: not so what reads none, or the same.
func TestBlockThatMovesToAnotherFolder(t *testing.T) {
	t.Parallel()
	const (
		head  = "runbook \"test\" {}\n"
		steps = "step \"fake_write\" \"w\" {\n id = \"w\"\n value = V\n}\nstep \"fake_write\" \"boom\" {\n id = \"boom\"\n depends_on = [step.w]\n}\n"
	)
	for name, tc := range map[string]struct {
		value, moves, stays, told string
		does                      []string
	}{
		"literals":           {"1", `provider "fake" { name = "a" }`, "", "", []string{"boom"}},
		"a secret of a file": {"1", `provider "fake" { password = file("token") }`, "", `provider fake differs: password = file("token") in .. is now file("token")`, []string{"boom"}},
		"a name of a file":   {"1", `provider "fake" { name = file("token") }`, "", `provider fake differs: name = file("token") in .. is now file("token")`, []string{"w", "boom"}},
		"a named file":       {"1", `provider "fake" { cert = "token" }`, "", `provider fake differs: cert = "token" in .. is now "token"`, []string{"boom"}},
		"an absolute one":    {"1", `provider "fake" { cert = "/dev/null" }`, "", "", []string{"boom"}},
		"a local":            {"local.v", `locals { v = file("token") }`, `provider "fake" {}`, `local v differs: v = file("token") in .. is now file("token")`, []string{"w", "boom"}},
		"one that says the same": {"local.v", `locals { v = file("same") }`, `provider "fake" {}`,
			`local v differs: v = file("same") in .. is now file("same")`, []string{"boom"}},
		"a local of a provider": {"1", `locals { v = abspath("token") }`, `provider "fake" { name = local.v }`,
			`local v differs: v = abspath("token") in .. is now abspath("token")`, []string{"w", "boom"}},
		"a local of nothing": {"1", `locals { v = fileexists("none") }`, `provider "fake" {}`,
			`local v differs: v = fileexists("none") in .. is now fileexists("none")`, []string{"boom"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, workspace := filepath.Join(dir, "sub", "x.hcl"), filepath.Join(dir, "workspace.hcl")
			text := head + tc.stays + "\n" + strings.Replace(steps, "V", tc.value, 1)
			for _, err := range []error{
				os.Mkdir(filepath.Join(dir, ".git"), 0o700), os.Mkdir(filepath.Join(dir, "sub"), 0o700),
				os.WriteFile(filepath.Join(dir, "token"), []byte("above"), 0o600), os.WriteFile(filepath.Join(dir, "sub", "token"), []byte("beside"), 0o600),
				os.WriteFile(filepath.Join(dir, "same"), []byte("same"), 0o600), os.WriteFile(filepath.Join(dir, "sub", "same"), []byte("same"), 0o600),
				os.WriteFile(workspace, []byte(tc.moves+"\n"), 0o600), os.WriteFile(path, []byte(text), 0o600),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			mended := false
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Ends(t, 1)
			before := len(fake.Log())
			enginetest.Rewrite(t, workspace, "\n")
			enginetest.Rewrite(t, path, text+tc.moves+"\n")
			mended = true
			refused := enginetest.Resume(t, fake, out.Result.RunID, opts)
			told := cmp.Or(tc.told, "only comments, white space or the order differ, which changes nothing")
			if got := refused.Diags.Error(); !strings.Contains(got, told) {
				t.Errorf("refused with\n%s, not with\n%s", got, told)
			}
			opts.WithChanges = true
			enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
			if does := fake.Log()[before:]; !slices.Equal(does, tc.does) {
				t.Errorf("did %q, not %q", does, tc.does)
			}
		})
	}
}
