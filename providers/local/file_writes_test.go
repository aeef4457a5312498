package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// fileCall is a call of an action of files; the last note goes into note.
func fileCall(action, dir string, args providertest.Values, note *[]byte) (provider.Action, *provider.Call) {
	a := New().Action(action)
	attrs := a.Spec().Args().Null().AsValueMap()
	for name, v := range args {
		attrs[name] = v
	}
	return a, &provider.Call{Client: &client{}, Args: cty.ObjectVal(attrs), Effect: provider.Write, Dir: dir, Key: "01K/" + action,
		Note:       func(n []byte) error { return fmt.Errorf("the note is not sealed: %s", n) },
		NoteSealed: func(n []byte) error { *note = n; return nil }}
}

// do runs an action of files.
func do(t *testing.T, action, dir string, args providertest.Values) (*provider.Result, error) {
	t.Helper()
	var note []byte
	a, call := fileCall(action, dir, args, &note)
	return a.Run(t.Context(), call)
}

// write writes the file f.
func write(t *testing.T, dir string, content cty.Value) *provider.Result {
	t.Helper()
	done, err := do(t, "local_write_file", dir, providertest.Values{"path": str("f"), "content": content})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// content is that of a file, and "-" where there is none.
func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A hash of a short secret tells the secret.
func TestSecretContentIsNotTold(t *testing.T) {
	for name, secret := range map[string]bool{"secret": true, "public": false} {
		t.Run(name, func(t *testing.T) {
			text := str("1234")
			if secret {
				text = text.Mark(provider.Sensitive)
			}
			done := write(t, tree(t, map[string]string{"f": "0000"}), text)
			for _, part := range []string{"before", "after"} {
				if got := done.Value.GetAttr(part).GetAttr("sha256").HasMark(provider.Sensitive); got != secret {
					t.Errorf("%s.sha256 is sensitive: %t", part, got)
				}
			}
			if !done.Value.GetAttr("before").GetAttr("content").HasMark(provider.Sensitive) {
				t.Error("the old content is not sensitive")
			}
		})
	}
}

func TestWritesAreUndone(t *testing.T) {
	for name, test := range map[string]struct {
		old, now string // now is empty where the write broke off before it began
		args     providertest.Values
	}{
		"replaced": {"old", "new", providertest.Values{"content": str("new"), "mode": str("0600")}},
		"added to": {"old", "oldmore", providertest.Values{"content": str("more"), "append": cty.True}},
		"new":      {"-", "new", providertest.Values{"content": str("new")}},
		"the same": {"old", "old", providertest.Values{"content": str("old")}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, nil)
			path := filepath.Join(dir, "f")
			if test.old != "-" {
				dir = tree(t, map[string]string{"f": test.old})
				path = filepath.Join(dir, "f")
			}
			test.args["path"] = str("f")
			var note []byte
			write, wc := fileCall("local_write_file", dir, test.args, &note)
			changes, err := write.(provider.Previewer).Preview(t.Context(), wc)
			if err != nil || (len(changes) == 0) != (test.old == test.now) || content(t, path) != test.old {
				t.Errorf("the preview gave %v, %v", changes, err)
			}
			done, err := write.Run(t.Context(), wc)
			if err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != test.now {
				t.Errorf("written: %q", got)
			}
			restore, rc := fileCall("local_restore_file", dir, providertest.Values{
				"path": done.Value.GetAttr("path"), "before": done.Value.GetAttr("before"), "after": done.Value.GetAttr("after")}, &note)
			for i, changed := range []bool{test.old != test.now, false} {
				if i == 1 { // again, as after a crash
					rc.Args = cty.ObjectVal(map[string]cty.Value{"path": done.Value.GetAttr("path"), "before": done.Value.GetAttr("before"), "after": cty.NullVal(done.Value.GetAttr("after").Type())})
				}
				undone, err := restore.Run(t.Context(), rc)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, undone.Value.GetAttr("changed"), cty.BoolVal(changed))
				if got := content(t, path); got != test.old {
					t.Errorf("put back: %q", got)
				}
			}
			if test.old != "-" {
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
					t.Errorf("put back with %v, %v", info.Mode(), err)
				}
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 1 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	path := filepath.Join(dir, "f")
	done := write(t, dir, str("new"))
	before := done.Value.GetAttr("before").AsValueMap()
	before["content"] = cty.NullVal(cty.String)
	for name, test := range map[string]struct {
		now    string
		before cty.Value
		want   string
	}{
		"changed since": {"theirs", done.Value.GetAttr("before"), "somebody else has changed it since"},
		"not kept":      {"new", cty.ObjectVal(before), "its old content was not kept"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.now), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := do(t, "local_restore_file", dir, providertest.Values{
				"path": str("f"), "before": test.before, "after": done.Value.GetAttr("after")})
			if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), test.want) || content(t, path) != test.now {
				t.Errorf("got %v; the file is %q", err, content(t, path))
			}
		})
	}
}

// TestRestoreOnceItIsAsTheStepLeftIt is the way that a refusal names.
func TestRestoreOnceItIsAsTheStepLeftIt(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	path := filepath.Join(dir, "f")
	done := write(t, dir, str("new"))
	var err error
	for _, now := range []string{"theirs", "new"} {
		if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = do(t, "local_restore_file", dir, providertest.Values{
			"path": str("f"), "before": done.Value.GetAttr("before"), "after": done.Value.GetAttr("after")})
		if now == "theirs" && (err == nil || !strings.Contains(err.Error(), "write into it again what the step wrote")) {
			t.Errorf("got %v", err)
		}
	}
	if err != nil || content(t, path) != "old" {
		t.Errorf("got %v; the file is %q", err, content(t, path))
	}
}

// errKilled stands for a crash behind the note.
var errKilled = errors.New("killed")

// What is found of a write depends on the file alone: each case puts it into the state that a crash can leave.
func TestInquireFiles(t *testing.T) {
	for name, test := range map[string]struct {
		old, now string
		args     providertest.Values
		want     provider.State
	}{
		"replaced":         {"old", "new", nil, provider.Done},
		"never replaced":   {"old", "", nil, provider.NotDone},
		"taken back":       {"old", "old", nil, provider.Unknown},
		"somebody else's":  {"old", "other", nil, provider.Unknown},
		"removed":          {"old", "-", nil, provider.Unknown},
		"made":             {"-", "new", nil, provider.Done},
		"never made":       {"-", "", nil, provider.NotDone},
		"made and removed": {"-", "-", nil, provider.Unknown},
		"added":            {"old", "oldnew", providertest.Values{"append": cty.True}, provider.Done},
		"never added":      {"old", "", providertest.Values{"append": cty.True}, provider.NotDone},
		"added, taken off": {"old", "old", providertest.Values{"append": cty.True}, provider.Unknown},
		"added in part":    {"old", "oldne", providertest.Values{"append": cty.True}, provider.Unknown},
		"others after":     {"old", "oldnewtheirs", providertest.Values{"append": cty.True}, provider.Done},
		"others before":    {"old", "oldtheirsnew", providertest.Values{"append": cty.True}, provider.Unknown},
		"cut, then others": {"old", "x", providertest.Values{"append": cty.True}, provider.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, nil)
			path := filepath.Join(dir, "f")
			put := func(text string) {
				t.Helper()
				err := os.Remove(path)
				if text != "-" {
					err = os.WriteFile(path, []byte(text), 0o644)
				}
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			put(test.old)
			args := providertest.Values{"path": str("f"), "content": str("new")}
			for name, v := range test.args {
				args[name] = v
			}
			var note []byte
			write, call := fileCall("local_write_file", dir, args, &note)
			keep := call.NoteSealed
			call.NoteSealed = func(n []byte) error {
				if err := keep(n); test.now != "" {
					return err
				}
				return errKilled
			}
			ran, err := write.Run(t.Context(), call)
			if call.NoteSealed = keep; test.now == "" && errors.Is(err, errKilled) {
				err = nil
			}
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(note), `"new"`) {
				t.Errorf("the note holds the new content: %s", note)
			}
			if test.now != "" {
				put(test.now)
			}
			found, err := write.(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Key: call.Key, Note: note})
			if err != nil || found.State != test.want || found.Why == "" || (found.Result != nil) != (test.want == provider.Done) {
				t.Fatalf("got %+v, %v", found, err)
			}
			if found.Result != nil {
				equal(t, found.Result.Value.GetAttr("after"), ran.Value.GetAttr("after"))
				equal(t, found.Result.Value.GetAttr("before"), ran.Value.GetAttr("before"))
				equal(t, found.Result.Value.GetAttr("changed"), cty.True)
			}
			// Sent again, it adds nothing that is there, and before is what the first attempt found.
			call.Earlier = &provider.Sent{Key: call.Key, Note: note}
			again, err := write.Run(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			if ran != nil {
				equal(t, again.Value.GetAttr("before"), ran.Value.GetAttr("before"))
			}
			if text, err := os.ReadFile(path); err != nil || test.want == provider.Done && string(text) != test.now {
				t.Errorf("the file holds %q, %v", text, err)
			}
		})
	}
}

func TestInquireFilesWithoutANote(t *testing.T) {
	var note []byte
	for _, action := range []string{"local_write_file", "local_restore_file"} {
		a, call := fileCall(action, "", providertest.Values{"path": str("f"), "content": str("x")}, &note)
		if action == "local_restore_file" {
			a, call = fileCall(action, "", providertest.Values{"path": str("f"), "before": cty.ObjectVal(map[string]cty.Value{
				"exists": cty.False, "size_bytes": num(0), "mode": cty.NullVal(cty.String), "sha256": cty.NullVal(cty.String), "content": cty.NullVal(cty.String)})}, &note)
		}
		for key, want := range map[string]provider.State{"k": provider.NotDone, "": provider.Unknown} {
			found, err := a.(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Key: key})
			if err != nil || found.State != want {
				t.Errorf("%s, key %q: %+v, %v", action, key, found, err)
			}
		}
		call.NoteSealed = func([]byte) error { return errors.New("disk full") }
		if _, err := a.Run(t.Context(), call); err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s without a note: %v", action, err)
		}
	}
}

// TestRestoredAndTakenBack: an undo in doubt is judged as a write is. A note of an older version has nothing by which to tell.
func TestRestoredAndTakenBack(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	path := filepath.Join(dir, "f")
	done := write(t, dir, str("new"))
	var note []byte
	restore, call := fileCall("local_restore_file", dir, providertest.Values{"path": str("f"), "before": done.Value.GetAttr("before"), "after": done.Value.GetAttr("after")}, &note)
	keep := call.NoteSealed
	call.NoteSealed = func(n []byte) error { return errors.Join(keep(n), errKilled) }
	if _, err := restore.Run(t.Context(), call); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	inquire := func(note []byte, want provider.State) {
		t.Helper()
		found, err := restore.(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Key: call.Key, Note: note})
		if err != nil || found.State != want || found.Why == "" {
			t.Errorf("got %+v, %v", found, err)
		}
	}
	inquire(note, provider.NotDone)
	var older map[string]any
	if err := json.Unmarshal(note, &older); err != nil || older["stamp"] == nil {
		t.Fatalf("%s: %v", note, err)
	}
	delete(older, "stamp")
	text, err := json.Marshal(older)
	if err != nil {
		t.Fatal(err)
	}
	inquire(text, provider.Unknown)
	call.NoteSealed = keep
	if _, err := restore.Run(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	inquire(note, provider.Done)
	if err := os.WriteFile(path, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	inquire(note, provider.Unknown)
}

// What a crash left beside the file goes with the next attempt at the same write.
func TestLeftoversOfACrashGo(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	var note []byte
	write, call := fileCall("local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")}, &note)
	half, err := besides(filepath.Join(dir, "f"), call.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := half.WriteString("ne"); err != nil {
		t.Fatal(err)
	}
	if err := half.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := write.Run(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || content(t, filepath.Join(dir, "f")) != "new" {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestLinks(t *testing.T) {
	dir := tree(t, map[string]string{"real/f": "old"})
	for from, to := range map[string]string{
		"link": "real/f", "dangling": "real/later", "chain": "dangling", "folder": "real", "loop": "loop", "kernel": "/proc/self/comm",
	} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ path, written, failed string }{
		{"link", "real/f", ""}, {"chain", "real/later", ""}, {"folder/other", "real/other", ""}, {"folder/deep/new", "real/deep/new", ""},
		{"loop", "", "too many links"}, {"kernel", "", "no files to write in /proc"}, {"/dev/fd/1", "", "no files to write in /dev"},
		{"/proc/self/fd/1", "", "no files to write in /proc"}, {"/dev/stdout", "", "no files to write in /dev"}, {"/sys/x", "", "no files to write in /sys"},
	} {
		t.Run(test.path, func(t *testing.T) {
			r, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str(test.path), "content": str("x")})
			if test.failed != "" {
				if err == nil || !strings.Contains(err.Error(), test.failed) || !provider.NothingDone(err) {
					t.Errorf("got %v, expected %q", err, test.failed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(filepath.Join(dir, test.written), r.Value.GetAttr("path").AsString()); diff != "" || content(t, filepath.Join(dir, test.written)) != "x" {
				t.Error(diff)
			}
		})
	}
	if to, err := os.Readlink(filepath.Join(dir, "dangling")); err != nil || to != "real/later" {
		t.Errorf("the link is %q, %v", to, err)
	}
}

func TestReadOnlyFiles(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	for from, to := range map[string]string{"link": "f", "dangling": "new"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	open, err := os.OpenFile(filepath.Join(dir, "f"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = open.Close() })
	var note []byte
	for _, path := range []string{"f", "link", "dangling", "new", "deep/new", "/dev/fd/" + num(int64(open.Fd())).AsBigFloat().String()} {
		for _, more := range []cty.Value{cty.True, cty.False} {
			for _, where := range []func(*provider.Call){
				func(c *provider.Call) { c.Client = &client{readOnly: true} }, func(c *provider.Call) { c.ReadOnly = true },
			} {
				a, call := fileCall("local_write_file", dir, providertest.Values{"path": str(path), "content": str("x"), "append": more}, &note)
				where(call)
				if _, err := a.Run(t.Context(), call); !errors.Is(err, provider.ErrReadOnly) || !provider.NothingDone(err) || note != nil {
					t.Errorf("%s: %v, noted %s", path, err, note)
				}
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 || content(t, filepath.Join(dir, "f")) != "old" {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// A file keeps its owner where the engine may give files away.
func TestOwnerIsKept(t *testing.T) {
	dir := tree(t, map[string]string{"f": "old"})
	path := filepath.Join(dir, "f")
	if err := os.Chown(path, 12345, 23456); err != nil {
		if !errors.Is(err, os.ErrPermission) {
			t.Fatal(err)
		}
		return // only root may
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), "local_write_file", dir, providertest.Values{"path": str("f"), "content": str("new")}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 12345 || s.Gid != 23456 || info.Mode().Perm() != 0o640 {
		t.Errorf("it belongs to %d:%d, mode %v", s.Uid, s.Gid, info.Mode())
	}
}

func TestNotesAreJSON(t *testing.T) {
	text, err := json.Marshal(fileNote{Path: "/f", Before: nil, After: &fileDigest{1, "0644", "ab"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"path":"/f","before":null,"after":{"size_bytes":1,"mode":"0644","sha256":"ab"}}`, string(text)); diff != "" {
		t.Error(diff)
	}
}
