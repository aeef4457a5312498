package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestAProviderBlockIsNamedWithItsFolder: each of the folders above a runbook may have a workspace file.
func TestAProviderBlockIsNamedWithItsFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(files(t, map[string]string{"workspace.hcl": "\nprovider \"fake\" {\n  for_each = toset([\"a\"])\n}\n"}))
	below := filepath.Join(dir, "db")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	enginetest.Rewrite(t, filepath.Join(below, "x.hcl"), "runbook \"test\" {}\nstep \"fake_read\" \"r\" { id = \"r\" }\n")
	out := enginetest.RunFile(t, &enginetest.Fake{}, filepath.Join(below, "x.hcl"), enginetest.Options{})
	if want := `The provider "fake" block at ` + filepath.Join(dir, "workspace.hcl") + `:2 has for_each`; !strings.Contains(out.Diags.Error(), want) {
		t.Errorf("%v lacks %s", out.Diags, want)
	}
}
