package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command is a process to measure.
type command struct {
	args []string
	// env is added to the bench's own.
	env []string
	// prints must all be in what it prints: a script that goes on after an error is fast and wrong.
	prints []string
	// status is the exit status that it has to have.
	status int
	// until ends the wall time when the program prints it, long before its end. Empty: at its end.
	until string
}

// shownOutput is how much of a failed command's output is shown, in bytes.
const shownOutput = 2000

// measure runs a command once, from its start to its end.
func measure(ctx context.Context, c command) (sample, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	var errs bytes.Buffer
	out := &waitFor{text: []byte(c.until)}
	cmd.Stdout, cmd.Stderr = out, &errs
	start := time.Now()
	err := c.ended(cmd.Run())
	took := time.Since(start)
	if err == nil {
		err = c.said(out.kept.String())
	}
	if err == nil && c.until != "" {
		if took = out.seen.Sub(start); out.seen.IsZero() {
			err = fmt.Errorf("it does not print %q", c.until)
		}
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, tail(out.kept.String()+errs.String(), shownOutput))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return sample{}, errors.New("this system does not tell what a process used")
	}
	return cost(took, usage), nil
}

// waitFor keeps what a program prints, and when a text was first among it. It does not embed the buffer, whose ReadFrom
// would pass Write by.
type waitFor struct {
	kept bytes.Buffer
	text []byte
	seen time.Time
}

func (w *waitFor) Write(b []byte) (int, error) {
	from := max(w.kept.Len()-len(w.text), 0)
	n, err := w.kept.Write(b)
	if len(w.text) > 0 && w.seen.IsZero() && bytes.Contains(w.kept.Bytes()[from:], w.text) {
		w.seen = time.Now()
	}
	return n, err
}

// ended holds the end of a program against the status that it has to have.
func (c command) ended(err error) error {
	var exited *exec.ExitError
	if c.status != 0 && errors.As(err, &exited) && exited.ExitCode() == c.status {
		return nil
	}
	if c.status != 0 && err == nil {
		return fmt.Errorf("it ended with 0, expected %d", c.status)
	}
	return err
}

// cost reads what wait4 tells of a process and the children that it waited for: their CPU times are added up, and of
// their peaks it is the highest (getrusage(2); ru_maxrss is in KiB on Linux).
func cost(took time.Duration, usage *syscall.Rusage) sample {
	return sample{
		wall:   took,
		cpu:    time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
		memory: usage.Maxrss << 10,
	}
}

func (c command) said(output string) error {
	for _, text := range c.prints {
		if !strings.Contains(output, text) {
			return fmt.Errorf("it does not print %q", text)
		}
	}
	return nil
}

// tail is the last of a text, at most so many bytes.
func tail(text string, limit int) string {
	if len(text) > limit {
		text = "…" + text[len(text)-limit:]
	}
	return strings.TrimSpace(text)
}

// result is a case and what it came to.
type result struct {
	*benchCase
	samples []sample
	median  sample
	// perStep is the CPU time of one more step: what is beyond the case named by stepsBeyond, divided by the steps
	// beyond its own. Zero where the case counts no steps.
	perStep time.Duration
}

// runGroup measures the cases of a group in turn, n times after a warm-up.
func runGroup(ctx context.Context, cases []*benchCase, n int) ([]*result, error) {
	results := make([]*result, len(cases))
	for i, c := range cases {
		results[i] = &result{benchCase: c}
	}
	for _, r := range results {
		if r.before == nil {
			continue
		}
		if err := r.before(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	for turn := range n + 1 {
		for _, r := range results {
			if err := r.take(ctx, turn > 0); err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	for _, r := range results {
		r.median = median(r.samples)
	}
	for _, r := range results {
		r.perStep = costPerStep(r, find(results, r.stepsBeyond))
	}
	return results, nil
}

// take measures the case once, or as often as it asks for, and keeps the samples unless they are the warm-up.
func (r *result) take(ctx context.Context, keep bool) error {
	for range max(r.atATime, 1) {
		s, err := measure(ctx, r.command)
		if err != nil {
			return err
		}
		if keep {
			r.samples = append(r.samples, s)
		}
	}
	return nil
}

func find(results []*result, name string) *result {
	for _, r := range results {
		if r.name == name {
			return r
		}
	}
	return nil
}

func costPerStep(r, base *result) time.Duration {
	if base == nil || r.steps <= base.steps {
		return 0
	}
	return (r.median.cpu - base.median.cpu) / time.Duration(r.steps-base.steps)
}
