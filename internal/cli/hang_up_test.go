package cli

import (
	"context"
	"strings"
	"syscall"
	"testing"
)

const paysThenLooks = `
runbook "x" {}
provider "fake" {}
step "fake_write" "pay" { id = "pay" }
step "fake_read" "look" {
  id         = "look"
  depends_on = [step.pay]
}
`

// TestHangUp: of a terminal that closes come two signals, which are one interrupt: the write in flight ends.
func TestHangUp(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	started, release := make(chan struct{}), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, _ string, _ int) error {
		close(started)
		<-release
		return ctx.Err()
	}
	status := make(chan int, 1)
	go func() {
		status <- tt.run("apply", tt.file(t, "x.hcl", paysThenLooks), "--auto-approve")
	}()
	<-started
	for range 3 {
		tt.signals <- syscall.SIGHUP
	}
	waitFor(t, tt, "nothing new starts")
	close(release)
	if got := <-status; got != ExitInterrupted || strings.Contains(tt.err.String(), "stopping at once") {
		t.Errorf("exit status %d\n%s%s", got, tt.out, tt.err)
	}
	if !strings.Contains(tt.out.String(), "1 passed") {
		t.Errorf("the write was cut off:\n%s", tt.out)
	}
}
