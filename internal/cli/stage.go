package cli

import (
	"io"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/form"
	"github.com/e82355ed/runbook/internal/view"
)

// stage is where a run is shown while it goes on, and what gives way to a question at the terminal.
type stage struct {
	view.View
	program *Program
	live    *view.Live // nil: nothing is drawn
	out     *gate      // before standard output
	// readable says that the terminal shows the run as text.
	readable bool
	text     *view.Text // nil: the event stream
	// reports are told what the run did; nil: there are none.
	reports *reports
	// announced says that the header was shown already where questions are asked.
	announced bool
}

// shows reports whether a question stands in full where it is asked.
func (s *stage) shows(step string) bool { return s.readable && s.text.RightAbove(step) }

// skipHeader leaves out what runs where, because it was said before on standard error, and that is read in the same place. It is
// for before the run goes on.
func (s *stage) skipHeader() {
	if s.text != nil && s.program.readTogether() {
		s.text.SkipHeader = true
	}
}

// announce shows, once, what the questions are about that come before a run goes on.
func (s *stage) announce(header *run.Header) {
	if s.announced {
		return
	}
	s.announced = true
	s.program.showHeader(header)
	s.skipHeader()
}

// confirm is [Program.confirm] in a session that shows the header once.
func (s *stage) confirm(header *run.Header, steps []engine.PlannedStep, approved bool, stop *interruption, whole string) error {
	if s.announced {
		header = nil
	}
	asked, err := s.program.confirm(header, steps, approved, stop, approve, whole)
	if asked {
		s.skipHeader()
	}
	return err
}

// readTogether reports whether what goes to standard output and to standard error is read in one place.
func (s *Streams) readTogether() bool { return s.OutTerminal || s.OneOutput }

// recall has what is shown begin where earlier sessions left off. It is for before the run goes on.
func (s *stage) recall(e journal.Entry) {
	s.program.ownWords(e.Event)
	s.reports.see(e)
	if s.text != nil {
		s.text.Recall(e)
	}
	if s.live != nil {
		s.live.Recall(e)
	}
}

// stage makes the view of a run: the event stream, or text with what runs now below it. Asked says that the header was
// shown with a question.
func (p *Program) stage(json, times, asked bool) *stage {
	config := p.viewConfig(times)
	config.SkipHeader, config.Typed = asked && p.readTogether(), p.OutTerminal
	s := &stage{program: p, out: &gate{w: p.Out}, readable: p.OutTerminal && !json}
	if json {
		s.out.w = p.bareOut
	}
	var out io.Writer = s.out
	buffer := view.NewBuffer(s.out)
	buffered := json || !p.OutTerminal
	if buffered {
		out = buffer
	}
	if json {
		s.View = view.NewJSON(out, p.redactor.Bytes)
	} else {
		s.text = view.NewText(out, config)
		s.View = s.text
	}
	if buffered {
		s.View = view.Buffered{View: s.View, Buffer: buffer}
	}
	s.draw(json, config)
	return s
}

// draw adds what runs now at the bottom of the terminal, where there is one to draw on. With the results on their way
// elsewhere it is drawn on standard error.
func (s *stage) draw(json bool, config view.Config) {
	p := s.program
	shared := p.OutTerminal && !json
	if !p.lively() || !shared && !p.ErrTerminal || p.Size == nil || json && p.OutTerminal {
		return
	}
	screen := view.Screen{Out: p.bareErr, Size: p.Size, Now: p.Now, Shared: shared, Crowded: p.OutPipe}
	if shared {
		screen.Out, screen.Settle = redacting{p, p.bareOut}, p.settleOut
	}
	s.live = view.NewLive(s.View, screen, config)
	s.View = s.live
	if p.ErrTerminal {
		s.live.OnClose(p.errGate.lead(s.live.Above(p.bareErr)))
	}
}

// yield gives the terminal to a question until the function that it gives is called: nothing is drawn, and what would be
// written to the terminal goes beside it.
func (s *stage) yield(seat *form.Terminal) (back func()) {
	aside := seat.Aside()
	undo := []func(){s.program.errGate.lead(aside)}
	if s.program.OutPipe {
		undo = append(undo, s.out.lead(seat.Crowded(s.out.leads())))
	} else if s.program.OutTerminal && s.text == nil {
		undo = append(undo, s.out.lead(aside))
	} else if s.program.OutTerminal {
		undo = append(undo, s.out.lead(redacting{s.program, aside}))
	}
	if s.live != nil {
		undo = append(undo, s.live.Pause())
	}
	return func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
}

// redacting blanks secrets in whole writes.
type redacting struct {
	program *Program
	w       io.Writer
}

func (r redacting) Write(p []byte) (int, error) {
	if _, err := r.w.Write(r.program.redactor.Bytes(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
