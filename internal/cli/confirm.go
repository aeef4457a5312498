package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// What can be done where there is no terminal to ask on, by the flags that a command has.
const (
	approve         = "--auto-approve runs it without a question"
	approveOrRefuse = approve + ", --read-only refuses it"
)

// confirm asks before steps that change something. It reports whether it asked, and showed the header with that, if there is
// one; an error refuses the run, and says what else can be done. whole is the command that shows what is too long for a question.
func (p *Program) confirm(header *run.Header, steps []engine.PlannedStep, approved bool, stop *interruption, otherwise, whole string) (asked bool, err error) {
	var all changing
	if all.add(steps); approved || !all.any() {
		return false, nil
	}
	// With the question, everything it is about goes to where it is asked.
	if header != nil {
		p.showHeader(header)
	}
	p.say("%s", strings.Join(p.namedChanges(&all, whole), "\n"))
	if !p.InTerminal || !p.ErrTerminal {
		return true, errors.New("nothing was run: the plan changes something, and there is no terminal to ask on; " + otherwise)
	}
	stop.asking.Store(true)
	defer stop.asking.Store(false)
	if err := p.ask("\nRun it? Only \"yes\" is accepted: "); err != nil {
		return true, fmt.Errorf("nothing was run: the question can't be shown: %w", err)
	}
	answer, err := readAnswer(p.In, stop)
	if err != nil {
		p.say("") // the cursor stands behind the question
		return true, err
	}
	if answer != "yes" {
		return true, errors.New("nothing was run: the answer was not \"yes\"")
	}
	p.say("")
	return true, nil
}

// showHeader shows where questions are asked what they are about.
func (p *Program) showHeader(header *run.Header) {
	config := p.viewConfig(false)
	config.Palette, config.Width = p.palette(p.ErrTerminal), 0
	p.say("%s", strings.Join(view.Header(header, config), "\n"))
}

// ask writes a question, of which nothing may be held back.
func (p *Program) ask(question string) error {
	if _, err := io.WriteString(p.Err, question); err != nil {
		return err
	}
	if f, ok := p.Err.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

// namedChanges lists what changes something, what is worse further down.
func (p *Program) namedChanges(all *changing, whole string) []string {
	palette := p.palette(p.ErrTerminal)
	return slices.Concat(
		p.namedSteps(palette.Warn("This run changes something:"), all.write, whole),
		p.namedSteps(palette.Warn("This run may destroy something that can't be brought back: what these do is known only once they run"), all.mayDestroy, whole),
		p.namedSteps(palette.Danger("This run destroys something that can't be brought back:"), all.destroy, whole),
	)
}

// namedSteps lists steps under a title, each with its action, where it acts and what with, whole; no step has none.
func (p *Program) namedSteps(title string, steps []engine.PlannedStep, whole string) []string {
	if len(steps) == 0 {
		return nil
	}
	palette := p.palette(p.ErrTerminal)
	var rows [][]string
	steps = p.shownSteps(steps)
	for _, s := range steps {
		rows = append(rows, []string{"  " + s.Name, s.Action, where(s), s.Description})
	}
	lines := []string{title}
	const indent = "      "
	shown := whatIsShown{Config: p.viewConfig(false), whole: whole}
	if p.ErrTerminal {
		shown.room = max(p.columns()-len(indent)-1, leastRoom)
	}
	for i, line := range table(rows) {
		lines = append(lines, line)
		for _, text := range append(shown.arguments(steps[i].Arguments), shown.people(steps[i])...) {
			lines = append(lines, indent+palette.Faint(text))
		}
	}
	return lines
}

// readAnswer reads a line, or gives up at an interrupt.
func readAnswer(in io.Reader, stop *interruption) (string, error) {
	type line struct {
		text string
		err  error
	}
	answers := make(chan line, 1)
	// The reader can't be interrupted; the program ends without it.
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		answers <- line{text, err}
	}()
	select {
	case a := <-answers:
		switch {
		case errors.Is(a.err, io.EOF) && a.text == "":
			return "", errors.New("nothing was run: there was no answer")
		case a.err != nil && !errors.Is(a.err, io.EOF):
			return "", fmt.Errorf("nothing was run: read the answer: %w", a.err)
		}
		return strings.TrimSpace(a.text), nil
	case <-stop.interrupt:
		return "", errInterrupted
	}
}
