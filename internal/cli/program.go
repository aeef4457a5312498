package cli

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/diagfmt"
	"github.com/e82355ed/runbook/internal/redact"
	"github.com/e82355ed/runbook/internal/term"
)

// Program is all that the commands may reach of the world. [System] makes the one of this process.
type Program struct {
	Streams
	// Lookup and Environ are the environment; HomeDir is the user's, or empty; User is who runs it, "alice@host";
	// Machine tells this machine from others.
	Lookup                 func(name string) (string, bool)
	Environ                []string
	HomeDir, User, Machine string
	// Registry makes the catalogue of providers. It is called by the commands that need it.
	Registry func() *provider.Registry
	// Secrets read the secrets of systems, by kind.
	Secrets map[string]engine.SecretReader
	// OpenJournal opens the history of runs, a file or a database's URL, made where it does not exist. OpenHistory opens it
	// for reading, without the right to write; nil: OpenJournal does.
	OpenJournal, OpenHistory func(ctx context.Context, address string) (journal.Journal, error)
	// Signals gives the interrupts from now on, and a function that gives them back to the system.
	Signals func() (<-chan os.Signal, func())
	// Now is the clock.
	Now func() time.Time

	redactor redact.Redactor
	errGate  *gate
	// bareErr is standard error without the redactor: what draws on the terminal blanks secrets itself.
	bareErr io.Writer
	// bareOut is standard output without it: JSON is blanked before it is JSON.
	bareOut io.Writer
	// settleOut and settleErr write out what the redactor holds back of what was written, as a secret may begin so.
	settleOut, settleErr func()
	log                  hclog.Logger
	noColour             bool
	logLevel             string
	store                string // the history that --store named
}

// keyVariable holds the key that seals sensitive results, for teams.
const keyVariable = "RUNBOOK_KEY"

// start puts the redactor before every output. It returns what writes out the rest at the end.
func (p *Program) start() (flush func() error) {
	p.hideOwnSecrets()
	results := &noting{w: p.Out}
	out, errs := p.redactor.Writer(results), &gate{w: p.Err}
	safe := p.redactor.Writer(errs)
	p.bareErr, p.bareOut = p.Err, results
	p.Out, p.Err, p.errGate = out, safe, errs
	p.settleOut = func() { _ = out.Flush() } // its errors are noted with the results
	p.settleErr = func() { _ = safe.Flush() }
	return func() error {
		err := out.Flush()
		return cmp.Or(err, results.err, safe.Flush())
	}
}

// hideOwnSecrets keeps what is the program's own out of every output, and the key and the database from the commands that it starts.
func (p *Program) hideOwnSecrets() {
	for line := range strings.Lines(p.env(keyVariable)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			p.redactor.Add(line)
		}
	}
	p.redactor.Add(p.env("VAULT_TOKEN"))
	p.hideStorePassword(p.env(storeVariable))
	p.Environ = slices.DeleteFunc(slices.Clone(p.Environ), func(set string) bool {
		name, value, _ := strings.Cut(set, "=")
		return name == keyVariable || name == storeVariable && isURL(value)
	})
}

// openLog makes the diagnostic log of --log-level.
func (p *Program) openLog() error {
	level := hclog.LevelFromString(p.logLevel)
	if level == hclog.NoLevel {
		return wrongValue("--log-level", p.logLevel, logLevels)
	}
	p.log = blankLog{hclog.New(&hclog.LoggerOptions{Name: "runbook", Level: level, Output: p.Err, TimeFn: p.Now}), p.blank}
	return nil
}

var logLevels = []string{"off", "error", "warn", "info", "debug", "trace"}

// engine makes the engine for this program.
func (p *Program) engine() *engine.Engine {
	return &engine.Engine{
		Registry: p.Registry(),
		Host:     provider.Host{Lookup: p.Lookup, Environ: p.Environ, HomeDir: p.HomeDir, Machine: p.Machine, Log: p.log, BlankCut: p.redactor.Cut},
		Secrets:  p.Secrets,
		User:     p.User,
	}
}

func (p *Program) env(name string) string {
	value, _ := p.Lookup(name)
	return value
}

// lively says whether a terminal may be drawn on and coloured: not in CI, and not where it can do neither.
func (p *Program) lively() bool { return p.watched() && p.env("TERM") != "dumb" }

// watched reports whether somebody may look at the terminal: many a CI gives its jobs one.
func (p *Program) watched() bool { return p.env("CI") == "" }

func (p *Program) palette(terminal bool) term.Palette {
	return term.NewPalette(terminal && !p.noColour && p.env("NO_COLOR") == "" && p.lively())
}

// glyphs are ASCII where the locale says that UTF-8 would not be understood; no locale at all says nothing.
func (p *Program) glyphs() term.Glyphs {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		locale := strings.ToLower(p.env(name))
		if locale == "" {
			continue
		}
		if strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8") {
			return term.Unicode()
		}
		return term.ASCII()
	}
	return term.Unicode()
}

// diagnosticStyle is how problems look on standard error.
func (p *Program) diagnosticStyle() diagfmt.Style {
	style := diagfmt.Style{Palette: p.palette(p.ErrTerminal), Glyphs: p.glyphs(), Redact: p.redactor.String}
	if p.ErrTerminal {
		style.Width = p.columns()
	}
	return style
}
