package cli

import (
	"context"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
)

// System is the program as this process sees the world.
func System(registry func() *provider.Registry, open func(context.Context, string) (journal.Journal, error)) *Program {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // what needs it says so
	}
	return &Program{
		Streams: Streams{
			In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
			InTerminal: isTerminal(os.Stdin), OutTerminal: isTerminal(os.Stdout), ErrTerminal: isTerminal(os.Stderr),
			OneOutput: sameFile(os.Stdout, os.Stderr), OutPipe: isPipe(os.Stdout), Size: terminalSize,
		},
		Lookup: os.LookupEnv, Environ: os.Environ(), HomeDir: home, User: userName(os.LookupEnv),
		Registry: registry, OpenJournal: open, Signals: interrupts, Now: time.Now,
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

func sameFile(a, b *os.File) bool {
	one, err := a.Stat()
	if err != nil {
		return false
	}
	other, err := b.Stat()
	return err == nil && os.SameFile(one, other)
}

func terminalSize() (width, height int) {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			return w, h
		}
	}
	return 0, 0
}

// userName is "alice@host", of what is known of it.
func userName(lookup func(string) (string, bool)) string {
	name, _ := lookup("USER")
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	host, err := os.Hostname()
	switch {
	case err != nil:
		return name
	case name == "":
		return host
	}
	return name + "@" + host
}

// interrupts catches Ctrl-C, Ctrl-\, SIGTERM and the end of the terminal, unless nohup had that ignored. A reader of our output
// that goes away must not kill a run between two writes, so that a closed pipe becomes an error of writing.
func interrupts() (<-chan os.Signal, func()) {
	ch := make(chan os.Signal, 3)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	return ch, func() { signal.Stop(ch); signal.Reset(syscall.SIGPIPE) }
}
