package local

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// accessListOf lets the user with the number 12345 read a file, and others do what the mode 0640 says.
func accessListOf() []byte {
	const named, noID = 12345, ^uint32(0)
	out := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, may uint16
		id       uint32
	}{{1, 6, noID}, {2, 4, named}, {4, 4, noID}, {16, 4, noID}, {32, 0, noID}} {
		out = binary.LittleEndian.AppendUint16(out, e.tag)
		out = binary.LittleEndian.AppendUint16(out, e.may)
		out = binary.LittleEndian.AppendUint32(out, e.id)
	}
	return out
}

// marked gives a file of a folder, or that itself, extended attributes. A file system may have none: then the file f of the folder is written all the
// same, without a warning, which is what there is to test.
func marked(t *testing.T, dir, name string, attributes map[string][]byte) bool {
	t.Helper()
	for attribute, value := range attributes {
		err := unix.Setxattr(filepath.Join(dir, name), attribute, value, 0)
		if errors.Is(err, unix.ENOTSUP) {
			r, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")})
			if err != nil || len(r.Warnings) > 0 || content(t, filepath.Join(dir, "f")) != "new" {
				t.Errorf("where there are no attributes: %v", err)
			}
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// attributesOf are the extended attributes of a file.
func attributesOf(t *testing.T, path string) map[string]string {
	t.Helper()
	names, err := listOf(func(to []byte) (int, error) { return unix.Listxattr(path, to) })
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name := range strings.FieldsFuncSeq(string(names), func(r rune) bool { return r == 0 }) {
		value, err := listOf(func(to []byte) (int, error) { return unix.Getxattr(path, name, to) })
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(value)
	}
	return out
}

// TestAttributesAreKept: a file that is replaced, and put back, has the attributes that it had, its access list among them.
func TestAttributesAreKept(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	path := filepath.Join(dir, "f")
	given := map[string][]byte{"user.note": []byte("ours"), "user.empty": {}, accessList: accessListOf()}
	if !marked(t, dir, "f", given) {
		return
	}
	mode := modeOf(t, path)
	r, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, warnings []string) {
		t.Helper()
		got := attributesOf(t, path)
		for name, value := range given {
			if has, ok := got[name]; !ok || has != string(value) {
				t.Errorf("%s %s is %q, there: %v, want %q", when, name, has, ok, value)
			}
		}
		if modeOf(t, path) != mode || len(warnings) > 0 {
			t.Errorf("%s the mode is %v, want %v; warnings %q", when, modeOf(t, path), mode, warnings)
		}
	}
	check("written,", r.Warnings)
	back, err := call(t.Context(), "local_restore_file", dir, providertest.Values{
		"path": str("f"), "before": unmarked(r.Value.GetAttr("before")), "after": r.Value.GetAttr("after")})
	if err != nil {
		t.Fatal(err)
	}
	check("put back,", back.Warnings)
	if content(t, path) != "old" {
		t.Errorf("put back, it holds %q", content(t, path))
	}
}

// TestAFoldersAccessListOpensNoFile: a file that has no access list gets none from its folder when it is replaced.
func TestAFoldersAccessListOpensNoFile(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	if !marked(t, dir, "", map[string][]byte{"system.posix_acl_default": accessListOf()}) {
		return
	}
	if _, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")}); err != nil {
		t.Fatal(err)
	}
	if _, there := attributesOf(t, filepath.Join(dir, "f"))[accessList]; there {
		t.Error("it has an access list now")
	}
}

// TestAttributesThatAreLost are named, each with why.
func TestAttributesThatAreLost(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old", "to": ""})
	if !marked(t, dir, "f", map[string][]byte{"user.note": []byte("ours")}) {
		return
	}
	to, err := os.Open(filepath.Join(dir, "to"))
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil { // so that the system refuses
		t.Fatal(err)
	}
	if lost := keepAttributes(to, filepath.Join(dir, "f")); !slices.Contains(lost, "user.note (bad file descriptor)") {
		t.Errorf("lost: %q", lost)
	}
}

// TestHardLinksAreTold: a file that is replaced has one name, and what stands under the others is told of.
func TestHardLinksAreTold(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	if err := os.Link(filepath.Join(dir, "f"), filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	r, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "the file had 2 names (hard links) and was replaced under this one: the others keep the old content"; !slices.Equal(r.Warnings, []string{want}) {
		t.Errorf("warnings: %q", r.Warnings)
	}
	if content(t, filepath.Join(dir, "other")) != "old" {
		t.Error("the other name has the new content too")
	}
}
