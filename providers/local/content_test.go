package local

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestContentThatIsNotKept: who replaces what can't be put back is told then, and not by the undo that fails.
func TestContentThatIsNotKept(t *testing.T) {
	for name, test := range map[string]struct{ old, want string }{
		"text":   {"old", ""},
		"long":   {strings.Repeat("x", maxKept+1), "before.content is null: the file was longer than 64.0 KiB. local_restore_file can't put it back; keep a copy"},
		"binary": {"\xff\xfe", "before.content is null: the file was no text. local_restore_file can't put it back; keep a copy"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{"f": test.old})
			args := providertest.Values{"path": str("f"), "content": str("new")}
			for i, want := range []string{test.want, ""} { // the second time nothing is replaced
				r, err := call(t.Context(), "local_write_file", dir, args)
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(r.Warnings, "\n"); got != want {
					t.Errorf("time %d: the warning is %q, expected %q", i+1, got, want)
				}
			}
		})
	}
}

// TestContentThatAnUndoCountsOn: where the undo counts on what can't be kept, nothing is written, by neither action; what changes nothing is fine.
func TestContentThatAnUndoCountsOn(t *testing.T) {
	before := write(t, tree(t, map[string]string{"f": "text"}), str("new")).Value.GetAttr("before")
	for name, old := range map[string]string{"long": strings.Repeat("x", maxKept+1), "binary": "\xff\xfe"} {
		for action, args := range map[string]providertest.Values{
			"local_write_file":   {"path": str("f"), "content": str("new")},
			"local_restore_file": {"path": str("f"), "before": before},
		} {
			t.Run(name+" "+action, func(t *testing.T) {
				dir := tree(t, map[string]string{"f": old})
				var note []byte
				a, call := fileCall(action, dir, args, &note)
				call.CountedOn = func(result string) bool { return result == "before" }
				_, err := a.Run(t.Context(), call)
				if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "copy the file in a step before") || note != nil {
					t.Errorf("error is %v, note %s", err, note)
				}
				if got := content(t, filepath.Join(dir, "f")); got != old {
					t.Errorf("the file holds %q", got)
				}
			})
		}
	}
	dir := tree(t, map[string]string{"f": strings.Repeat("x", maxKept+1)})
	var note []byte
	a, call := fileCall("local_write_file", dir, providertest.Values{"path": str("f"), "content": str(strings.Repeat("x", maxKept+1))}, &note)
	call.CountedOn = func(string) bool { return true }
	if _, err := a.Run(t.Context(), call); err != nil {
		t.Errorf("nothing was to be changed: %v", err)
	}
}
