package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

const (
	// grace is how long a process group has between SIGTERM and SIGKILL.
	grace = 2 * time.Second
	// drain is how long output is still read once the group has ended: a process that left the group may hold the
	// pipe for ever.
	drain = 200 * time.Millisecond
)

// process is one program run in a session, and so a process group, of its own. Without the terminal of the engine a
// program that would ask there fails at once; in another group of the same session it would be stopped, and wait.
type process struct {
	path           string
	args           []string // the first is the program as it was written
	environ        []string
	dir, stdin     string
	stdout, stderr capture
	// started, if not nil, is told that the program runs, before anyone waits for it. After an error it is ended.
	started func(pid int) error
	// ended notes how it ended, for a step that errs all the same; nil of what only reads.
	ended func(how string) error
	// id is that of the group, once it has started.
	id int
}

// run starts the program, waits for it and ends what is left of its group. The error is about the start, or wraps the
// context's; how the program ended is in the state.
func (p *process) run(ctx context.Context) (*os.ProcessState, error) {
	cmd := &exec.Cmd{
		Path: p.path, Args: p.args, Env: p.environ, Dir: p.dir,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if _, err := os.Stat(p.dir); p.dir != "" && err != nil { // the system's own error would seem to be about the program
		return nil, fmt.Errorf("dir %s: %w", p.dir, reason(err))
	}
	pipes, err := p.connect(cmd)
	if err != nil {
		return nil, err
	}
	defer pipes.closeAll()
	if err := cmd.Start(); err != nil {
		return nil, startError(err)
	}
	p.id = cmd.Process.Pid
	pipes.handOver()
	var told error
	if p.started != nil {
		told = p.started(p.id)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it gives is in cmd.ProcessState too: its pipes are files, so there is nothing else to fail
	}()
	stopped := false
	if told == nil {
		select {
		case <-ended:
		case <-ctx.Done():
			stopped = true
		}
	}
	endGroup(p.id)
	<-ended
	pipes.drain()
	if told != nil {
		return nil, told
	}
	if stopped {
		return nil, neterr.Explain(ctx, ctx.Err(), "it ran; its whole process group was ended")
	}
	return cmd.ProcessState, nil
}

// pipes connect a process with the goroutines that read and feed it.
type pipes struct {
	theirs, ours []*os.File
	readers      []*os.File
	group        sync.WaitGroup
}

// connect gives the command its standard streams: files, so that waiting for the program does not mean waiting for
// everyone who has inherited them.
func (p *process) connect(cmd *exec.Cmd) (*pipes, error) {
	ps := &pipes{}
	for _, out := range []struct {
		into *capture
		file *io.Writer
	}{{&p.stdout, &cmd.Stdout}, {&p.stderr, &cmd.Stderr}} {
		r, w, err := os.Pipe()
		if err != nil {
			ps.closeAll()
			return nil, fmt.Errorf("make a pipe: %w", err)
		}
		*out.file = w
		ps.theirs, ps.ours, ps.readers = append(ps.theirs, w), append(ps.ours, r), append(ps.readers, r)
		ps.group.Go(func() {
			_, _ = io.Copy(out.into, r) // ends with the last writer, at drain's deadline, or when the pipe is closed
		})
	}
	if p.stdin == "" {
		return ps, nil // reads from the null device
	}
	r, w, err := os.Pipe()
	if err != nil {
		ps.closeAll()
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	cmd.Stdin = r
	ps.theirs, ps.ours = append(ps.theirs, r), append(ps.ours, w)
	ps.group.Go(func() {
		_, _ = io.WriteString(w, p.stdin) // a program need not read its input
		_ = w.Close()
	})
	return ps, nil
}

// handOver closes the ends that only the process is to hold, once it has them.
func (ps *pipes) handOver() {
	for _, f := range ps.theirs {
		_ = f.Close()
	}
	ps.theirs = nil
}

// drain waits for the rest of the output.
func (ps *pipes) drain() {
	for _, f := range ps.ours {
		_ = f.SetDeadline(time.Now().Add(drain))
	}
	ps.group.Wait()
}

// closeAll closes what is still open and waits for the goroutines.
func (ps *pipes) closeAll() {
	ps.handOver()
	for _, f := range ps.ours {
		_ = f.Close()
	}
	ps.group.Wait()
}

// startError tells why a program that is there did not start.
func startError(err error) error {
	if errors.Is(err, syscall.ENOEXEC) {
		return fmt.Errorf("it is not a program the system can start; does a script lack its first line, such as #!/bin/sh? %w", reason(err))
	}
	return reason(err)
}

// ending is the exit code and the end in words.
func ending(state *os.ProcessState) (int, string) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), "killed by signal: " + status.Signal().String()
	}
	return state.ExitCode(), fmt.Sprintf("exit code %d", state.ExitCode())
}

// capture keeps the start of an output, and a little of its end.
type capture struct {
	bound int
	head  []byte
	tail  []byte
	total int
}

// tailBytes is how much of the end of an output a failure shows.
const tailBytes = 2048

// Write keeps what fits and takes the rest, so that the program is not held up.
func (c *capture) Write(p []byte) (int, error) {
	c.total += len(p)
	if room := c.bound - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	c.tail = append(c.tail, p[max(0, len(p)-tailBytes):]...)
	if len(c.tail) > 2*tailBytes {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-tailBytes:]...)
	}
	return len(p), nil
}

func (c *capture) cut() bool { return c.total > len(c.head) }

func (c *capture) text(host provider.Host) string {
	text := string(c.head)
	if c.cut() {
		text = host.Cut(text)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// last is the end of the output, from the start of a line where that is not far.
func (c *capture) last() string {
	if c.total <= tailBytes {
		return strings.TrimSpace(strings.ToValidUTF8(string(c.tail), "\uFFFD"))
	}
	end := c.tail[max(0, len(c.tail)-tailBytes):]
	text := strings.ToValidUTF8(string(end), "\uFFFD")
	if _, after, ok := strings.Cut(text, "\n"); ok && after != "" {
		text = after
	}
	return "… " + strings.TrimSpace(text)
}
