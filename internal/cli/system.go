package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
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
		Lookup: os.LookupEnv, Environ: os.Environ(), HomeDir: home, User: userName(os.LookupEnv), Machine: machine(machineIDFile),
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

// machineIDFile holds what an installation is known by, see machine-id(5). Containers often have none, or their image's.
const machineIDFile = "/etc/machine-id"

// machine tells this machine from others: by its host name, which a container has of its own, and by what its installation is known by, as
// several may be named "localhost". That is not to be told, so a digest stands for it.
func machine(idFile string) string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	id, err := os.ReadFile(idFile)
	if id = bytes.TrimSpace(id); err != nil || len(id) == 0 {
		return host
	}
	sum := sha256.Sum256(append([]byte("runbook "), id...))
	return fmt.Sprintf("%s (machine %x)", host, sum[:4])
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
