package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func str(s string) cty.Value { return cty.StringVal(s) }

func num(n int64) cty.Value { return cty.NumberIntVal(n) }

func list(items ...string) cty.Value {
	values := make([]cty.Value, len(items))
	for i, item := range items {
		values[i] = str(item)
	}
	return cty.ListVal(values)
}

func equal(t *testing.T, got, want cty.Value) {
	t.Helper()
	if !got.RawEquals(want) {
		t.Errorf("got %#v, expected %#v", got, want)
	}
}

// tree makes files under a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestContract(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.log": "one\ntwo secretName\nthree\n", "deep/b.log": "two\r\nlast two", "deep/c.bin": "two\x00two\n", "plain": "not a program",
	})
	read := provider.Read
	run := func(args ...string) providertest.Values { return providertest.Values{"command": list(args...)} }
	providertest.Run(t, providertest.Suite{
		Provider: New(), Dir: dir, Secrets: []string{"hunter22"},
		Host: provider.Host{Environ: []string{"PATH=" + os.Getenv("PATH"), "GREETING=hi"}},
		Cases: []providertest.Case{
			{Kind: providertest.Happy, Action: "local_disk", Args: providertest.Values{"path": str(".")},
				Volatile: []string{"used_bytes", "free_bytes", "used_percent", "inodes_used_percent"}},
			{Kind: providertest.Happy, Action: "local_memory",
				Volatile: []string{"available_bytes", "used_percent", "load1"}},
			{Kind: providertest.Happy, Action: "local_files", Args: providertest.Values{"pattern": str("**/*.log")},
				Volatile: []string{"files.age_seconds", "newest_age_seconds"},
				Check:    func(t *testing.T, r *provider.Result) { equal(t, r.Value.GetAttr("count"), num(2)) }},
			{Kind: providertest.Happy, Action: "local_search", Args: providertest.Values{
				"pattern": str("two"), "files": str("**"), "exclude": str("secretName")},
				Check: func(t *testing.T, r *provider.Result) {
					equal(t, r.Value.GetAttr("count"), num(2))
					equal(t, r.Value.GetAttr("matches").Index(num(1)).GetAttr("line"), num(2))
					if r.Summary != "2 matches in 3 files" {
						t.Errorf("the summary is %q", r.Summary)
					}
				}},
			{Kind: providertest.Happy, Action: "local_command", Args: run("sh", "-c", "echo $GREETING; pwd")},
			{Kind: providertest.Happy, Name: "read", Action: "local_command", Args: run("pwd"), Effect: &read,
				Check: func(t *testing.T, r *provider.Result) { equal(t, r.Value.GetAttr("stdout"), str(dir+"\n")) }},
			{Kind: providertest.Happy, Action: "local_write_file", Once: true,
				Args: providertest.Values{"path": str("out/x.txt"), "content": str("hunter22 is in the old content, which is marked")}},
			{Kind: providertest.Happy, Name: "again", Action: "local_write_file", Args: providertest.Values{
				"path": str("out/x.txt"), "content": str("hunter22 is in the old content, which is marked")},
				Check: func(t *testing.T, r *provider.Result) { equal(t, r.Value.GetAttr("changed"), cty.False) }},
			{Kind: providertest.Happy, Action: "local_restore_file", Args: providertest.Values{"path": str("out/x.txt"), "before": absent()}, Once: true,
				Check: func(t *testing.T, r *provider.Result) { equal(t, r.Value.GetAttr("changed"), cty.True) }},
			{Kind: providertest.Unreachable, Action: "local_restore_file", Args: providertest.Values{"path": str("plain/x"), "before": absent()},
				Endpoint: dir + "/plain/x", Words: []string{"not a directory"}},
			{Kind: providertest.Refused, Action: "local_restore_file", Args: providertest.Values{"path": str("deep"), "before": absent()},
				Endpoint: dir + "/deep", Words: []string{"is a folder"}},
			{Kind: providertest.Unreachable, Action: "local_disk", Args: providertest.Values{"path": str(dir + "/gone")}, Endpoint: dir + "/gone", Words: []string{"no such file"}},
			{Kind: providertest.Unreachable, Action: "local_files", Args: providertest.Values{"pattern": str(dir + "/gone/*.dump")}, Endpoint: dir + "/gone", Words: []string{"no such file"}},
			{Kind: providertest.Unreachable, Action: "local_search", Args: providertest.Values{"pattern": str("x"), "files": str("plain/*")}, Endpoint: "plain", Words: []string{"not a folder"}},
			{Kind: providertest.Unreachable, Action: "local_command", Args: run("no-such-program", "hunter22"), Endpoint: "no-such-program", Words: []string{"PATH", "Install it"}},
			{Kind: providertest.Unreachable, Name: "dir", Action: "local_command", Args: providertest.Values{"command": list("pwd"), "dir": str("nowhere")},
				Endpoint: "pwd", Words: []string{"dir " + dir + "/nowhere: no such file"}},
			{Kind: providertest.Unreachable, Action: "local_write_file", Args: providertest.Values{"path": str("plain/x"), "content": str("hunter22")},
				Endpoint: dir + "/plain/x", Words: []string{"not a directory"}},
			{Kind: providertest.Refused, Action: "local_command", Args: run("./plain", "hunter22"), Endpoint: "./plain", Words: []string{"not executable"}},
			{Kind: providertest.Refused, Action: "local_write_file", Args: providertest.Values{"path": str("deep"), "content": str("hunter22")},
				Endpoint: dir + "/deep", Words: []string{"is a folder"}},
			{Kind: providertest.Timeout, Action: "local_command", Args: run("sleep", "60"), Endpoint: "sleep", Words: []string{"timed out while it ran"}},
			{Kind: providertest.Timeout, Name: "stubborn", Action: "local_command", Slack: grace + 2*time.Second, Endpoint: "sh", Words: []string{"I stay"},
				Args: run("sh", "-c", "trap '' TERM; echo I stay >&2; while :; do sleep 1; done")},
			{Kind: providertest.Cancelled, Action: "local_command", Args: run("sleep", "60"), Endpoint: "sleep", Words: []string{"interrupted while it ran"}},
			{Kind: providertest.Bounded, Action: "local_files", Args: providertest.Values{"pattern": str("**"), "limit": num(2)}},
			{Kind: providertest.Bounded, Action: "local_search", Args: providertest.Values{"pattern": str("."), "files": str("**"), "limit": num(3)}},
			{Kind: providertest.Bounded, Action: "local_command", Args: providertest.Values{
				"command": list("sh", "-c", "head -c 9000000 /dev/zero | tr '\\0' x"), "max_output_bytes": num(1000)},
				Check: func(t *testing.T, r *provider.Result) {
					equal(t, r.Value.GetAttr("stdout"), str(strings.Repeat("x", 1000)))
				}},
		},
		Exceptions: exceptions(),
	})
}

// absent is how a file was that did not exist.
func absent() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"exists": cty.False, "size_bytes": num(0), "mode": cty.NullVal(cty.String),
		"sha256": cty.NullVal(cty.String), "content": cty.NullVal(cty.String)})
}

// exceptions are many: there is no peer that could be absent, refuse or be silent.
func exceptions() []providertest.Exception {
	var all []providertest.Exception
	for kind, actions := range map[providertest.Kind][]string{
		providertest.Unreachable: {"local_memory"},
		providertest.Refused:     {"local_memory", "local_disk", "local_files", "local_search"},
		providertest.Timeout:     {"local_memory", "local_disk", "local_files", "local_search", "local_write_file", "local_restore_file"},
		providertest.Cancelled:   {"local_memory", "local_disk", "local_files", "local_search", "local_write_file", "local_restore_file"},
	} {
		for _, action := range actions {
			all = append(all, providertest.Exception{Action: action, Kind: kind,
				Reason: "It asks this machine's kernel alone, which answers at once, and tests may run as root, whom nothing refuses."})
		}
	}
	return all
}
