package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFindFilesWithoutPipes: what never ends is not found, also behind a link; a link to a file is, and so is one to nothing, to be told.
func TestFindFilesWithoutPipes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, err := range []error{
		syscall.Mkfifo(filepath.Join(dir, "pipe.hcl"), 0o600),
		os.Symlink("pipe.hcl", filepath.Join(dir, "link.hcl")),
		os.WriteFile(filepath.Join(dir, "file.hcl"), nil, 0o600),
		os.Symlink("file.hcl", filepath.Join(dir, "good.hcl")),
		os.Symlink("none", filepath.Join(dir, "workspace.hcl")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, diags := findFiles([]string{dir}, isCheckable, "runbooks")
	want := []string{filepath.Join(dir, "file.hcl"), filepath.Join(dir, "good.hcl"), filepath.Join(dir, "workspace.hcl")}
	if diff := cmp.Diff(want, got); diff != "" || len(diags) > 0 {
		t.Error(diff, diags)
	}
}
