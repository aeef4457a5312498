package main

import (
	"strings"
	"testing"
)

// TestAnsweredBefore: the first answer counts, one beforehand to what is answered is refused, and what was answered from another
// shell is not asked again.
func TestAnsweredBefore(t *testing.T) {
	t.Parallel()
	dir := writeAsking(t)
	id := pausedAt(t, dir, "tasks", []string{"calm=yes"}, nil)
	refused := func(answer string) {
		t.Helper()
		status, said := alone(t, dir, "resume", id, "--auto-approve", "--answer", answer)
		if status != 2 || !strings.Contains(said, "the step was answered by alice@") || !strings.Contains(said, "the first answer counts") {
			t.Errorf("--answer %s: exit status %d\n%s", answer, status, said)
		}
	}
	refused("calm=no")
	if status, said := alone(t, dir, "answer", id, "tasks", "all"); status != 0 {
		t.Fatalf("exit status %d\n%s", status, said)
	}
	refused("tasks=none")
	status, said := alone(t, dir, "resume", id, "--auto-approve", "--answer", "size=5")
	if status != 0 && status != 3 || strings.Contains(said, "waits for a checklist") || !strings.Contains(said, "with runbook answer") || !strings.Contains(said, "size               answered 5") {
		t.Errorf("exit status %d\n%s", status, said)
	}
}
