package lang

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestWorkspaceThatCannotBeRead: what stands under a workspace's name and is none is refused, as it may stand for policies.
func TestWorkspaceThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		make func(dir string) error
		want []string
	}{
		"dangling link": {func(dir string) error { return os.Symlink("/mnt/none/shared.hcl", dir+"/workspace.hcl") },
			[]string{"workspace.hcl is a link to /mnt/none/shared.hcl", "remove the link"}},
		"loop of links": {func(dir string) error { return os.Symlink("workspace.hcl", dir+"/workspace.hcl") }, []string{"is a link to workspace.hcl"}},
		"folder":        {func(dir string) error { return os.Mkdir(dir+"/workspace.hcl", 0o755) }, []string{"workspace.hcl is a folder", "remove or rename"}},
		"pipe":          {func(dir string) error { return syscall.Mkfifo(dir+"/workspace.hcl.json", 0o600) }, []string{"workspace.hcl.json is a pipe"}},
		"device":        {func(dir string) error { return os.Symlink(os.DevNull, dir+"/workspace.hcl") }, []string{"workspace.hcl is a device"}},
		"two": {func(dir string) error {
			write(t, dir+"/workspace.hcl", "")
			write(t, dir+"/workspace.hcl.json", `{"policy": {"effects": ["read"]}}`)
			return nil
		}, []string{"workspace.hcl and ", "workspace.hcl.json stand in one folder"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			_, diags := Load(write(t, dir+"/sub/r.hcl", "runbook \"r\" {}\n"), LoadOptions{})
			for _, want := range c.want {
				if len(diags) != 1 || !strings.Contains(first(diags), want) {
					t.Errorf("it is %v, want one problem with %q", diags, want)
				}
			}
		})
	}
}

// TestTwoWorkspacesCheckedAlone: who validates the workspaces of a folder that holds no runbook hears of it too.
func TestTwoWorkspacesCheckedAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/workspace.hcl.json", `{}`)
	if _, diags := LoadWorkspace(write(t, dir+"/workspace.hcl", ""), LoadOptions{}); !strings.Contains(first(diags), "stand in one folder") {
		t.Errorf("two workspaces: %v", diags)
	}
}

// TestWorkspacesThroughLinks: a runbook is held to the workspaces above the folder that it stands in, however its path is written,
// and to those above a link that leads there.
func TestWorkspacesThroughLinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/c/workspace.hcl", "policy { effects = [\"read\"] }\nvariable \"x\" { default = \"real\" }\n")
	write(t, dir+"/c/sub/r.hcl", "runbook \"r\" {}\n")
	write(t, dir+"/e/workspace.hcl", "policy { providers = [\"db\"] }\nvariable \"x\" { default = \"link\" }\n")
	for link, target := range map[string]string{"e/dir": "../c/sub", "out.hcl": "c/sub/r.hcl", "e/way": "../c"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	real, linked := dir+"/c/workspace.hcl", dir+"/e/workspace.hcl"
	for _, c := range []struct {
		in, path string
		want     []string
	}{
		{"c/sub", "r.hcl", []string{"../workspace.hcl"}},
		{".", "c/sub/r.hcl", []string{"c/workspace.hcl"}},
		{".", "out.hcl", []string{real}},
		{".", dir + "/out.hcl", []string{real}},
		{".", "e/dir/r.hcl", []string{real, "e/workspace.hcl"}},
		{"e/dir", "r.hcl", []string{real, linked}},
		{"e/way", "sub/r.hcl", []string{"workspace.hcl", linked}},
		{".", "e/dir/../sub/r.hcl", []string{real, "e/workspace.hcl"}},
	} {
		t.Chdir(filepath.Join(dir, c.in))
		rb, diags := Load(c.path, LoadOptions{})
		if diags.HasErrors() || !slices.Equal(rb.Workspaces, c.want) || len(rb.Policies) != len(c.want) {
			t.Errorf("in %s, %s has the workspaces %q and %d policies, want %q; %v", c.in, c.path, rb.Workspaces, len(rb.Policies), c.want, diags)
		}
		if x := rb.Variables["x"]; x == nil || x.Default.AsString() != "real" {
			t.Errorf("in %s, %s does not have the variables of the folder that it stands in", c.in, c.path)
		}
	}
}

// TestAWorkspaceBehindALink counts once, where a folder of links stands for another, as a mounted ConfigMap does.
func TestAWorkspaceBehindALink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/data/workspace.hcl", "policy { effects = [\"read\"] }\n")
	write(t, dir+"/data/r.hcl", "runbook \"r\" {}\n")
	if err := os.Mkdir(dir+"/mount", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"r.hcl", "workspace.hcl"} {
		if err := os.Symlink("../data/"+name, filepath.Join(dir, "mount", name)); err != nil {
			t.Fatal(err)
		}
	}
	if rb, diags := Load(dir+"/mount/r.hcl", LoadOptions{}); diags.HasErrors() || len(rb.Workspaces) != 1 || len(rb.Policies) != 1 {
		t.Errorf("workspaces %q, %d policies, %v", rb.Workspaces, len(rb.Policies), diags)
	}
}
