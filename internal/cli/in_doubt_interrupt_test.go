package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestInterruptAtAWriteInDoubt: it is told in the program's words, where a signal brings it too, and that what was said of others is lost.
func TestInterruptAtAWriteInDoubt(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(context.Context, string, int) error { return errors.New("the answer got lost") }
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", twoDoubts), "--auto-approve")
	reader, writer := io.Pipe()
	defer writer.Close() //nolint:errcheck // of a pipe that nobody reads any more
	next := tt.again(t, true, "")
	next.In = reader
	status := make(chan int, 1)
	go func() { status <- next.run("resume", tt.lastRun(t), "--in-doubt", "pay=done") }()
	waitFor(t, next, `Look whether ship["eu"] took place. Did it?`)
	next.signals <- os.Interrupt
	got := <-status
	said := next.err.String()
	if got != ExitRefused || !strings.Contains(said, "nothing was run: nobody said what became of ship[\"eu\"]\ninterrupted\nWhat was said of pay is not kept") ||
		strings.Contains(said, "context canceled") {
		t.Errorf("exit status %d\n%s", got, said)
	}
}
