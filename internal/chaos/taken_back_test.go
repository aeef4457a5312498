package chaos

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/redis/go-redis/v9"
)

// TestTakenBackByHandIsAskedAbout: the program is killed around a write, and what the write changes is as it was before. A file that nobody
// touched since tells that nothing was written, and it is written then. Where the write took place and somebody has taken it back by
// hand since, and of a key of Redis in any case, a person is asked.
func TestTakenBackByHandIsAskedAbout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.conf")
	file := standing{
		step: `step "local_write_file" "w" { path = "` + path + `", content = "new" }`,
		set: func(text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		get: func() string {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		},
	}
	file.step = strings.NewReplacer("{ ", "{\n  ", ", ", "\n  ", " }", "\n}").Replace(file.step)
	client := redis.NewClient(&redis.Options{Addr: ownRedis(t).address})
	t.Cleanup(func() { _ = client.Close() }) // only a test's
	key := standing{
		step: "provider \"redis\" { url = \"redis://" + client.Options().Addr + "\" }\nstep \"redis_command\" \"w\" { command = [\"SET\", \"t\", \"new\"] }",
		set: func(text string) {
			if err := client.Set(t.Context(), "t", text, 0).Err(); err != nil {
				t.Fatal(err)
			}
		},
		get: func() string {
			text, err := client.Get(t.Context(), "t").Result()
			if err != nil {
				t.Fatal(err)
			}
			return text
		},
	}
	const noted = "4:after" // begun, ready, started, noted
	for _, tt := range []struct {
		name  string
		what  standing
		death string
		asks  bool
	}{
		{"a file, not written", file, noted, false},
		{"a file, written and taken back", file, "w:before", true},
		{"a key, not sent", key, noted, true},
		{"a key, set and taken back", key, "w:before", true},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.what.takenBack(t, parseDeath(tt.death), tt.asks) })
	}
}

// standing is what a step changes from "old" to "new".
type standing struct {
	step string
	set  func(text string)
	get  func() string
}

func (s standing) takenBack(t *testing.T, d death, asks bool) {
	s.set("old")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	call := func(c *exec.Cmd) ended {
		c.Env = append(c.Env, "RUNBOOK_KEY="+identity.String()) // notes of what was there are encrypted
		return await(t, c)
	}
	store := filepath.Join(t.TempDir(), "runs.db")
	book := write(t, "taken.hcl", "runbook \"taken\" {}\n"+s.step)
	if got := call(deadly(ctx, t, d, "apply", book, "--auto-approve", "--store", store)); got.status != -1 {
		t.Fatalf("status %d, expected the process to be killed: %s%s", got.status, got.stdout, got.stderr)
	}
	if d.step != "" {
		if s.get() != "new" {
			t.Fatal("the write did not take place before the process was killed")
		}
		s.set("old")
	}
	id := runsOf(t, store, 1)[0].ID
	got := call(command(ctx, t, "resume", id, "--store", store, "--auto-approve"))
	if !asks {
		if got.status != cli0 || s.get() != "new" {
			t.Errorf("status %d, %q is there: %s%s", got.status, s.get(), got.stdout, got.stderr)
		}
		return
	}
	if got.status != 4 || s.get() != "old" || !strings.Contains(got.stderr, "is as it was before") || !strings.Contains(got.stderr, "can't be told") {
		t.Errorf("status %d, %q is there: %s%s", got.status, s.get(), got.stdout, got.stderr)
	}
	if got = call(command(ctx, t, "resume", id, "--store", store, "--in-doubt", "redo")); got.status != cli0 || s.get() != "new" {
		t.Errorf("redo: status %d, %q is there: %s%s", got.status, s.get(), got.stdout, got.stderr)
	}
}
