package term

// Palette colours text by meaning. The zero value writes no colours.
type Palette struct {
	on bool
}

// NewPalette makes a palette; colours go to a terminal only.
func NewPalette(colour bool) Palette { return Palette{on: colour} }

const reset = "\x1b[0m"

func (p Palette) paint(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return code + text + reset
}

// Good is for what holds.
func (p Palette) Good(text string) string { return p.paint("\x1b[32m", text) }

// Warn is for what is worth a look.
func (p Palette) Warn(text string) string { return p.paint("\x1b[33m", text) }

// Bad is for what failed.
func (p Palette) Bad(text string) string { return p.paint("\x1b[31m", text) }

// Danger is for what loses something when it is done.
func (p Palette) Danger(text string) string { return p.paint("\x1b[1;31m", text) }

// Strong is for what must be seen first.
func (p Palette) Strong(text string) string { return p.paint("\x1b[1m", text) }

// Faint is for what may be overlooked.
func (p Palette) Faint(text string) string { return p.paint("\x1b[2m", text) }

// Active is for what is going on now.
func (p Palette) Active(text string) string { return p.paint("\x1b[36m", text) }
