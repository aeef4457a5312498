package cli

import (
	"github.com/e82355ed/runbook/internal/form"
)

// seat is where a person can be asked; nil: nobody sits at a terminal.
func (p *Program) seat() *form.Terminal {
	if !p.InTerminal || !p.ErrTerminal {
		return nil
	}
	look := p.viewConfig(false)
	look.Palette = p.palette(p.ErrTerminal)
	t := &form.Terminal{In: p.In, Out: p.bareErr, Environ: p.Environ, Look: look, Size: p.Size, Now: p.Now}
	if t.Size == nil {
		t.Size = func() (int, int) { return 0, 0 }
	}
	width, height := t.Size()
	t.Plain = p.OutPipe || !p.lively() || p.env("TERM") == "" || width < narrowest || height < lowest
	return t
}

// A terminal that is smaller than this is asked line by line.
const (
	narrowest = 30
	lowest    = 10
)
