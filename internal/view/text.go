package view

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// Config is how text looks.
type Config struct {
	Palette term.Palette
	// Glyphs must be set.
	Glyphs term.Glyphs
	// Width is the terminal's in columns; zero: no terminal, so that nothing is cut.
	Width int
	// Times puts the wall clock in Zone (nil: local) before each line; a line above tells its day and its zone.
	Times bool
	Zone  *time.Location
	// SkipHeader leaves out what runs against which targets, where it was shown already.
	SkipHeader bool
	// Typed says that what is typed shows where the next line begins: that an interrupt stops the run goes over its ^C.
	Typed bool
	// Store is the history that --store named; commands for people to type name it again.
	Store string
	// Redact blanks secrets in what came from outside, before text is cut, so that no half of one remains; nil: nothing to blank. What
	// the program says by itself is left whole, also where a secret is a word of it.
	Redact func(string) string
}

// defaultWidth is the layout's width where there is no terminal; nameWidth the least width of the column of names.
const (
	defaultWidth  = 72
	nameWidth     = 18
	durationWidth = 9
)

// Text writes what happened for people: a line a step, what it saw where it did not pass, the outputs and a summary.
type Text struct {
	Config
	out   io.Writer
	err   error
	buf   bytes.Buffer
	names int // width of the column of names
	// checks are those of the steps that have not ended.
	checks  map[string][]run.Event
	header  *run.Header
	started time.Time
	stamp   string
	// day is that of the stamp, with its zone, and toldDay the one that was written last.
	day, toldDay string
	written      int // lines
	// failed are the steps that failed or erred; firstFailed is the line before the first of them.
	failed      []string
	firstFailed int
	// asked are the questions that are open, with their step_waiting events; left is what a person must look at at the end.
	asked open
	left  leftovers
	// sent are the writes that are under way.
	sent map[string]bool
	// doing is what the session does.
	doing Doing
	// given are the answers to open questions that the run has not taken in.
	given map[string]*run.Answer
	// begun says that something was shown, not only recalled.
	begun bool
	// above is what the lines written last are about.
	above above
}

// NewText makes a view that writes to out.
func NewText(out io.Writer, config Config) *Text {
	t := &Text{Config: config, out: out, checks: map[string][]run.Event{}}
	t.names = min(nameWidth, t.width()/4)
	return t
}

// Event shows an event; many show nothing.
func (t *Text) Event(e journal.Entry) {
	t.render(t.entry(e))
	t.begun = true
	t.flush()
	t.above.reach(t.written)
}

// Recall takes in an event of an earlier session without showing it, so that what follows looks as it does where all of the
// run is shown. Call it before the first event.
func (t *Text) Recall(e journal.Entry) {
	t.render(t.entry(e))
	t.buf.Reset()
	t.written, t.toldDay = 0, ""
}

// Close gives the first error of writing.
func (t *Text) Close() error { return t.err }

func (t *Text) flush() {
	if t.err == nil && t.buf.Len() > 0 {
		_, t.err = t.out.Write(t.buf.Bytes())
	}
	t.buf.Reset()
}

func (t *Text) render(e *run.Event) {
	t.doing.See(e)
	if t.Times {
		at := t.local(e.Time)
		t.stamp, t.day = t.Palette.Faint(at.Format(time.TimeOnly))+" ", at.Format("2006-01-02 MST")
	}
	switch e.Type {
	case run.RunStarted:
		t.started, t.header = e.Time, e.Header
		if e.Header != nil && !t.SkipHeader {
			t.lines(Header(e.Header, t.Config)...)
		}
	case run.StepReady:
		t.see(e.Step)
	case run.StepStarted:
		t.see(e.Step)
		t.noteSent(e)
		t.begin(e)
	case run.StepExpanded:
		if e.Keys != nil {
			for _, key := range *e.Keys {
				t.see(Address(e.Step, key))
			}
		}
	case run.CheckEvaluated:
		t.checks[e.Step] = append(t.checks[e.Step], *e)
	case run.StepWaiting:
		t.waiting(e)
	case run.StepAnswered:
		t.answered(e)
	case run.AnswerRefused:
		t.refused(e)
	case run.StepEscalated:
		t.escalated(e)
	case run.NotifyStarted:
		t.asked.notified(e)
		t.notifies(e)
	case run.NotifyFinished:
		t.notified(e)
	case run.StepResolved:
		t.resolved(e)
	case run.UndoFinished:
		t.undone(e)
	case run.RunResumed:
		t.resumed(e)
	case run.RunPaused:
		t.paused(e)
	case run.StepFinished:
		t.noteFailure(e)
		t.noteDoubt(e)
		t.step(e)
		delete(t.checks, e.Step)
	case run.RunStopping:
		t.stopping(e)
	case run.RunFinished:
		t.finish(e)
		t.lines(t.afterEnd(e, t.doing, t.left)...)
	}
}

func (t *Text) stopping(e *run.Event) {
	what := "stopping"
	if e.Step != "" { // the runbook that a step runs
		what += " " + t.clean(strings.TrimSuffix(e.Step, "/"))
	}
	if t.Typed && e.Reason == run.StopInterrupt {
		t.buf.WriteByte('\r')
	}
	t.line(" " + t.Palette.Warn(t.Glyphs.Cancelled) + " " + t.Palette.Warn(what+": "+t.clean(e.Reason)))
}

// see widens the column of names for a step that is going to run.
func (t *Text) see(step string) {
	limit := t.width() * 2 / 5
	if w := term.Width(nested(term.CleanLine(step))); w > t.names && w <= limit {
		t.names = w
	}
}

func (t *Text) width() int {
	if t.Width <= 0 {
		return defaultWidth
	}
	return t.Width
}

func (c *Config) local(at time.Time) time.Time {
	if c.Zone == nil {
		return at.Local()
	}
	return at.In(c.Zone)
}

func (t *Text) line(text string) {
	if t.day != t.toldDay {
		t.toldDay = t.day
		t.buf.WriteString(t.Palette.Faint("times of "+t.day) + "\n")
		t.written++
	}
	t.buf.WriteString(t.stamp)
	t.buf.WriteString(strings.TrimRight(text, " "))
	t.buf.WriteByte('\n')
	t.written++
}

func (t *Text) lines(all ...string) {
	for _, text := range all {
		t.line(text)
	}
}

// clean makes text of unknown origin safe to show on one line.
func (c *Config) clean(text string) string { return term.CleanLine(text) }

// cleanLines is clean for text of several lines.
func (c *Config) cleanLines(text string) string { return term.Clean(text) }

// Address names an instance of a step with for_each as the events do.
func Address(step, key string) string {
	return step + `["` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"]`
}
