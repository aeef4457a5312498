package local

import (
	"strings"
	"testing"

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
