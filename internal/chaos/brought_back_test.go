package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const broughtBackBook = `
runbook "brought-back" {}
provider "postgres" { url = "URL" }
step "postgres_exec" "write" {
  timeout = "60s"
  sql     = "INSERT INTO marks VALUES ('written')"
}
`

// TestPostgresIsBroughtBack: the program dies when its write is committed and it has not heard of that. On the word of a server that was
// started again since, the write counts as done only if the server keeps when it committed what: after a restore the transaction of
// that number is somebody else's.
func TestPostgresIsBroughtBack(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		restored, times, settled bool
		decision, marks          string
	}{
		"started again":                        {decision: "done", marks: "written"},
		"started again, with times":            {times: true, settled: true, marks: "written"},
		"from a backup":                        {restored: true, decision: "redo", marks: "other,other,other,other,other,other,written"},
		"from a backup, with times of commits": {restored: true, times: true, decision: "redo", marks: "other,other,other,other,other,other,written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ownPostgres(t)
			execute(t, s.url(), "CREATE TABLE marks (name text)")
			s.kill()
			if tc.times {
				s.args = append(s.args, "-c", "track_commit_timestamp=on")
			}
			data, backup := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "backup")
			copyTree(t, data, backup)
			s.start()
			book := write(t, "brought_back.hcl", fill(broughtBackBook, "URL", s.url()))
			store := filepath.Join(t.TempDir(), "runs.db")
			if got := dying(t, death{step: "write", side: before}, "apply", book, "--auto-approve", "--store", store); got.status != -1 || marks(t, s) != "written" {
				t.Fatalf("%s, exit status %d\n%s%s", marks(t, s), got.status, got.stdout, got.stderr)
			}
			s.kill()
			if tc.restored {
				if err := os.RemoveAll(data); err != nil {
					t.Fatal(err)
				}
				copyTree(t, backup, data)
			}
			s.start()
			for range strings.Count(tc.marks, "other") {
				execute(t, s.url(), "INSERT INTO marks VALUES ('other')")
			}
			id := runsOf(t, store, 1)[0].ID
			got := runProgram(t, "resume", id, "--auto-approve", "--store", store)
			if !tc.settled {
				for _, want := range []string{" is committed, but it was started again at ", "that may be another's", "--in-doubt done or --in-doubt redo"} {
					if got.status != 4 || !strings.Contains(got.stdout+got.stderr, want) {
						t.Errorf("exit status %d, expected %q\n%s%s", got.status, want, got.stdout, got.stderr)
					}
				}
				got = runProgram(t, "resume", id, "--auto-approve", "--in-doubt", tc.decision, "--store", store)
			}
			if got.status != 0 || marks(t, s) != tc.marks {
				t.Errorf("the marks are %s, exit status %d\n%s%s", marks(t, s), got.status, got.stdout, got.stderr)
			}
		})
	}
}

// copyTree copies a folder with its owners.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
