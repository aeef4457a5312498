package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestModeBitsAreKept: what a file is beside readable and writable stays, unless the step says what it is to be.
func TestModeBitsAreKept(t *testing.T) {
	for name, test := range map[string]struct {
		old  os.FileMode
		args providertest.Values
		want string
	}{
		"setuid":   {0o755 | os.ModeSetuid, nil, "4755"},
		"setgid":   {0o750 | os.ModeSetgid, nil, "2750"},
		"sticky":   {0o644 | os.ModeSticky, nil, "1644"},
		"appended": {0o755 | os.ModeSetuid, providertest.Values{"append": cty.True}, "4755"},
		"stated":   {0o755 | os.ModeSetuid, providertest.Values{"mode": str("0700")}, "0700"},
		"asked":    {0o755, providertest.Values{"mode": str("2755")}, "2755"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{"f": "old"})
			path := filepath.Join(dir, "f")
			if err := os.Chmod(path, test.old); err != nil {
				t.Fatal(err)
			}
			args := providertest.Values{"path": str("f"), "content": str("new")}
			for name, v := range test.args {
				args[name] = v
			}
			r, err := call(t.Context(), "local_write_file", dir, args)
			if err != nil {
				t.Fatal(err)
			}
			if got := octal(modeOf(t, path)); got != test.want {
				t.Errorf("the file is %s, expected %s", got, test.want)
			}
			equal(t, r.Value.GetAttr("after").GetAttr("mode"), str(test.want))
			if _, err := call(t.Context(), "local_restore_file", dir, providertest.Values{
				"path": str("f"), "before": unmarked(r.Value.GetAttr("before")), "after": r.Value.GetAttr("after")}); err != nil {
				t.Fatal(err)
			}
			if got := modeOf(t, path); got != test.old {
				t.Errorf("put back it is %v, expected %v", got, test.old)
			}
		})
	}
	for _, wrong := range []string{"10000", "0o755", "888"} {
		if _, err := parseMode(wrong); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q is not a file mode", wrong)) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func unmarked(v cty.Value) cty.Value {
	v, _ = v.UnmarkDeep()
	return v
}
