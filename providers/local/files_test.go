package local

import (
	"context"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// df is the system's own word on a disk.
func TestDiskAgreesWithDF(t *testing.T) {
	dir := t.TempDir()
	out, err := exec.Command("df", "-P", "-B1", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	r, err := call(t.Context(), "local_disk", dir, providertest.Values{"path": str(".")})
	if err != nil {
		t.Fatal(err)
	}
	v := r.Value
	got := []string{
		v.GetAttr("filesystem").AsString(), v.GetAttr("total_bytes").AsBigFloat().Text('f', 0),
		v.GetAttr("used_percent").AsBigFloat().Text('f', 0) + "%", v.GetAttr("mount").AsString(),
	}
	if diff := cmp.Diff([]string{fields[0], fields[1], fields[4], fields[5]}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPercentUp(t *testing.T) {
	for _, test := range []struct {
		part, whole uint64
		want        float64
	}{{0, 0, 0}, {0, 10, 0}, {1, 1000, 1}, {500, 1000, 50}, {501, 1000, 51}, {1000, 1000, 100}} {
		if got := percentUp(test.part, test.whole); got != test.want {
			t.Errorf("%d of %d is %g%%, expected %g%%", test.part, test.whole, got, test.want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := tree(t, map[string]string{"old.dump": "1", "new.dump": "22", "deep/newest.dump": "333", "other.txt": "x"})
	now := time.Now()
	for name, age := range map[string]time.Duration{"old.dump": 2 * time.Hour, "new.dump": time.Hour, "deep/newest.dump": time.Minute} {
		if err := os.Chtimes(filepath.Join(dir, name), now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..", filepath.Join(dir, "deep", "circle")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "broken.dump")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		pattern string
		want    []string
	}{
		"flat":      {"*.dump", []string{"new.dump", "old.dump"}},
		"deep":      {"**/*.dump", []string{"deep/newest.dump", "new.dump", "old.dump"}},
		"absolute":  {filepath.Join(dir, "deep", "*"), []string{"deep/newest.dump"}},
		"by link":   {"deep/circle/*.dump", []string{"deep/circle/new.dump", "deep/circle/old.dump"}},
		"one":       {"other.txt", []string{"other.txt"}},
		"none":      {"*.zip", nil},
		"no folder": {"dee", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := call(t.Context(), "local_files", dir, providertest.Values{"pattern": str(test.pattern)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Value.GetAttr("files").AsValueSlice() {
				got = append(got, strings.TrimPrefix(f.GetAttr("path").AsString(), dir+"/"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if r.Value.GetAttr("newest_age_seconds").IsNull() != (test.want == nil) {
				t.Errorf("newest_age_seconds is %#v", r.Value.GetAttr("newest_age_seconds"))
			}
		})
	}
}

func TestSearch(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	dir := tree(t, map[string]string{"a": "one\n\ntwo", "long": long + "needle\nneedle " + long + "\n", "bytes": "caf\xe9 needle\n"})
	for name, test := range map[string]struct {
		pattern, files string
		want           []string
	}{
		"lines":          {"^$|two", "a", []string{"a:2:", "a:3:two"}},
		"end of a line":  {"e$", "a", []string{"a:1:one"}},
		"very long line": {"^needle", "long", []string{"long:2:needle " + strings.Repeat("x", maxText-7)}},
		"not unicode":    {"needle", "bytes", []string{"bytes:1:caf\uFFFD needle"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := call(t.Context(), "local_search", dir, providertest.Values{"pattern": str(test.pattern), "files": str(test.files)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range r.Value.GetAttr("matches").AsValueSlice() {
				got = append(got, filepath.Base(m.GetAttr("path").AsString())+":"+m.GetAttr("line").AsBigFloat().Text('f', 0)+":"+m.GetAttr("text").AsString())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	r, err := call(t.Context(), "local_search", dir, providertest.Values{"pattern": str("x"), "files": str("*.yaml")})
	if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "no text file was searched") {
		t.Errorf("nothing to search gave %+v, %v", r, err)
	}
}

// TestNothingButFilesIsOpened: to open a pipe waits for its other end, and lets that go on; a device may do anything.
func TestNothingButFilesIsOpened(t *testing.T) {
	dir := tree(t, map[string]string{"a": "x"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, pattern := range []string{"pipe", "{a,pipe}", "p*", "p*/x", "**/pipe"} {
		for action, args := range map[string]providertest.Values{
			"local_files":  {"pattern": str(pattern)},
			"local_search": {"pattern": str("x"), "files": str(pattern)},
		} {
			if _, err := call(ctx, action, dir, args); err != nil {
				t.Errorf("%s of %s: %v", action, pattern, err)
			}
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := tree(t, map[string]string{"old": "old content"})
	path := filepath.Join(dir, "old")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name    string
		args    providertest.Values
		content string
		changed bool
		mode    string
		before  cty.Value
	}{
		{"through a link", providertest.Values{"path": str("link"), "content": str("new")}, "new", true, "0600", str("old content")},
		{"unchanged", providertest.Values{"path": str("old"), "content": str("new")}, "new", false, "0600", str("new")},
		{"mode", providertest.Values{"path": str("old"), "content": str("new"), "mode": str("640")}, "new", true, "0640", str("new")},
		{"append", providertest.Values{"path": str("old"), "content": str("er"), "append": cty.True}, "newer", true, "0640", str("new")},
		{"append nothing", providertest.Values{"path": str("old"), "content": str(""), "append": cty.True}, "newer", false, "0640", str("newer")},
		{"undo", providertest.Values{"path": str("old"), "content": str("old content")}, "old content", true, "0640", str("newer")},
	}
	for _, step := range steps {
		r, err := call(t.Context(), "local_write_file", dir, step.args)
		if err != nil {
			t.Fatal(step.name, err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v := r.Value
		if string(got) != step.content || v.GetAttr("changed").True() != step.changed || v.GetAttr("after").GetAttr("mode").AsString() != step.mode {
			t.Errorf("%s: content %q, result %#v", step.name, got, v)
		}
		equal(t, v.GetAttr("path"), str(path))
		equal(t, v.GetAttr("size_bytes"), num(int64(len(step.content))))
		equal(t, v.GetAttr("before").GetAttr("content"), step.before.Mark(provider.Sensitive))
		equal(t, v.GetAttr("after").GetAttr("sha256"), str(hexadecimal(sha256.Sum256([]byte(step.content)))))
	}
	r, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("a/b/new"), "content": str("x"), "append": cty.True})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r.Value.GetAttr("before").GetAttr("exists"), cty.False)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("the folder holds %v, %v: a temporary file was left", entries, err)
	}
}

func TestWriteFileRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args providertest.Values
		want string
	}{
		"pipe": {providertest.Values{"path": str("pipe"), "content": str("x")}, "not a regular file"},
		"mode": {providertest.Values{"path": str("x"), "content": str("x"), "mode": str("rw-")}, `"rw-" is not a file mode`},
		"full": {providertest.Values{"path": str("/dev/full/x"), "content": str("x")}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t.Context(), "local_write_file", dir, test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

// TestQueueIsNotSearched: what one reads of the kernel's log is gone for who keeps it.
func TestQueueIsNotSearched(t *testing.T) {
	r, err := call(t.Context(), "local_search", t.TempDir(), providertest.Values{"pattern": str("."), "files": str("/proc/kmsg")})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.Warnings, "\n"); !strings.Contains(got, "gone for others") {
		t.Errorf("warnings: %s", got)
	}
}
