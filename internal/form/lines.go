package form

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// lines asks line by line.
type lines struct {
	t      *Terminal
	r      Request
	q      *run.Question
	reader *lineReader
}

func (t *Terminal) askLines(ctx context.Context, r Request) (*run.Answer, error) {
	if over := r.over(); !over.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, time.Now().Add(over.Sub(t.Now())), ErrOver)
		defer cancel()
	}
	reader, err := newLineReader(t.In)
	if err != nil {
		return nil, fmt.Errorf("read from the terminal: %w", err)
	}
	defer reader.close()
	l := &lines{t: t, r: r, q: r.Question, reader: reader}
	t.aside.straight(l.beside)
	if err := l.intro(); err != nil {
		return nil, err
	}
	answer, err := l.ask(ctx)
	if err == nil {
		return answer, nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	// The cursor stands behind the prompt. A terminal that is gone shows up elsewhere.
	_, _ = io.WriteString(t.Out, "\n")
	return nil, err
}

// beside writes what others say, and the prompt again.
func (l *lines) beside(text []byte) error {
	prompt := ""
	if p := l.t.aside.prompt; p != nil {
		prompt = *p
	}
	_, err := io.WriteString(l.t.Out, "\n"+strings.TrimRight(string(text), "\n")+"\n"+prompt)
	return err
}

func (l *lines) say(all ...string) error {
	_, err := io.WriteString(l.t.Out, strings.Join(all, "\n")+"\n")
	return err
}

// sayAfter writes text behind a label, over as many lines as it needs.
func (l *lines) sayAfter(label, text string) error {
	all := term.Wrap(text, l.width()-term.Width(label))
	for i := range all {
		if i > 0 {
			label = strings.Repeat(" ", term.Width(label))
		}
		all[i] = label + all[i]
	}
	return l.say(all...)
}

func (l *lines) width() int { return max(l.t.width()-1, 20) }

// intro says what is asked and how long there is.
func (l *lines) intro() error {
	look, now := l.t.Look, l.t.Now()
	all := []string{""}
	add := func(text string, paint func(string) string) {
		for _, line := range term.Wrap(text, l.width()) {
			if paint != nil {
				line = paint(line)
			}
			all = append(all, line)
		}
	}
	add(look.Glyphs.Asks+" "+term.CleanLine(l.r.Step)+" "+view.Waiting(l.r.wait(), now, look), look.Palette.Warn)
	if next := view.NextLevel(l.r.wait(), now, look); next != "" {
		add(next, nil)
	}
	if err := l.say(all...); err != nil || l.r.Shown {
		return err
	}
	return l.t.tell(l.r, "")
}

// read asks for one line.
func (l *lines) read(ctx context.Context, prompt string) (string, error) {
	l.t.aside.mu.Lock()
	l.t.aside.prompt = &prompt
	_, err := io.WriteString(l.t.Out, prompt)
	l.t.aside.mu.Unlock()
	if err != nil {
		return "", err
	}
	text, err := l.reader.line(ctx)
	return strings.TrimSpace(text), err
}

// hidden reads a line that is not echoed.
func (l *lines) hidden(ctx context.Context, prompt string) (string, error) {
	echo, err := hush(l.t.In)
	if err != nil {
		return "", fmt.Errorf("what is typed can't be hidden here: %w; pipe the value to runbook answer", err)
	}
	text, err := l.read(ctx, prompt)
	if err == nil {
		_, err = io.WriteString(l.t.Out, "\n") // the return was not echoed either
	}
	return text, errors.Join(err, echo())
}

func (l *lines) ask(ctx context.Context) (*run.Answer, error) {
	if l.r.Elsewhere != "" {
		return nil, l.watch(ctx)
	}
	if err := l.settle(ctx); err != nil {
		return nil, err
	}
	if l.q.Kind == run.AskChecklist {
		return l.checklist(ctx)
	}
	for i, choice := range l.listed() {
		if err := l.sayAfter(fmt.Sprintf("  %d. ", i+1), term.CleanLine(choice)); err != nil {
			return nil, err
		}
	}
	value, err := l.value(ctx)
	if err != nil {
		return nil, err
	}
	note, err := l.read(ctx, "note (return for none): ")
	if err != nil {
		return nil, err
	}
	return reply(value, note, nil), nil
}

// listed are the choices that may be written by their number, or as what they begin with.
func (l *lines) listed() []string {
	if l.r.InFull {
		return nil
	}
	return l.q.Choices
}

// watch says who may answer until the question is taken away.
func (l *lines) watch(ctx context.Context) error {
	for {
		if err := l.say(l.r.others(l.t.Look)...); err != nil {
			return err
		}
		if _, err := l.read(ctx, "ctrl-d pauses the run, ctrl-c stops it: "); err != nil {
			return err
		}
	}
}

// value asks until what is written answers the question.
func (l *lines) value(ctx context.Context) (json.RawMessage, error) {
	prompt, read := prompts[l.q.Kind], l.read
	switch {
	case l.q.Sensitive:
		prompt, read = "answer, which is not shown", l.hidden
	case l.q.Kind == run.AskApproval:
		prompt = `only "yes" approves, "no" denies`
	case l.r.InFull:
		prompt = l.r.words()
	case len(l.q.Choices) > 0:
		prompt = "one of these, by number or first letters"
	}
	if len(l.q.Default) > 0 {
		prompt += " (return for " + term.CleanLine(string(l.q.Default)) + ")"
	}
	for {
		text, err := read(ctx, prompt+": ")
		if err != nil {
			return nil, err
		}
		value, err := l.parse(text)
		if err == nil {
			return value, nil
		}
		if err := l.say(l.t.Look.Palette.Bad(term.CleanLine(err.Error()))); err != nil {
			return nil, err
		}
	}
}

// parse reads an answer. A choice may be written by its number, or as what it alone begins with.
func (l *lines) parse(text string) (json.RawMessage, error) {
	if choices := l.listed(); len(choices) > 0 && text != "" {
		found := meant(choices, text)
		if len(found) != 1 {
			return nil, errors.New(undecided(l.q, text))
		}
		text = choices[found[0]]
	}
	return l.r.parse(text)
}

const checklistHelp = `numbers check items or not ("1,3"), "n 2 text" notes something on item 2, "all", return finishes`

// checklist asks which items are done.
func (l *lines) checklist(ctx context.Context) (*run.Answer, error) {
	done, notes := map[int]bool{}, map[string]string{}
	if err := l.sayAfter("", checklistHelp); err != nil {
		return nil, err
	}
	warned := false
	for {
		items, err := l.showItems(done, notes)
		if err != nil {
			return nil, err
		}
		text, err := l.read(ctx, "done: ")
		if err != nil {
			return nil, err
		}
		open := len(l.q.Items) - len(items)
		switch {
		case text == "" && l.q.AllRequired && open > 0 && !warned:
			warned = true
			err = l.sayAfter("", fmt.Sprintf("%d of %d are not done, and the step fails like that; return once more finishes it", open, len(l.q.Items)))
		case text == "":
			note, err := l.read(ctx, "note (return for none): ")
			if err != nil {
				return nil, err
			}
			value, err := json.Marshal(items)
			return reply(value, note, notes), err
		default:
			warned = false
			err = l.change(text, done, notes)
		}
		if err != nil {
			return nil, err
		}
	}
}

// showItems writes the list and gives the items that are done.
func (l *lines) showItems(done map[int]bool, notes map[string]string) ([]string, error) {
	items := []string{}
	for i, item := range l.q.Items {
		box := l.t.Look.Glyphs.Open
		if done[i] {
			box = l.t.Look.Glyphs.Done
			items = append(items, item)
		}
		text := term.CleanLine(item)
		if note := notes[item]; note != "" {
			text += " " + l.t.Look.Glyphs.Dot + " " + term.CleanLine(note)
		}
		if err := l.sayAfter(fmt.Sprintf("%3d %s ", i+1, box), text); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// change does to a checklist what a line says; the error is the terminal's.
func (l *lines) change(text string, done map[int]bool, notes map[string]string) error {
	if text == "all" {
		for i := range l.q.Items {
			done[i] = true
		}
		return nil
	}
	if rest, ok := strings.CutPrefix(text, "n "); ok {
		number, note, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if i, ok := l.item(number); ok {
			notes[l.q.Items[i]] = strings.TrimSpace(note)
			return nil
		}
		return l.sayAfter("", checklistHelp)
	}
	for number := range strings.SplitSeq(text, ",") {
		i, ok := l.item(strings.TrimSpace(number))
		if !ok {
			return l.sayAfter("", fmt.Sprintf("there is no item %q; %s", term.CleanLine(number), checklistHelp))
		}
		done[i] = !done[i]
	}
	return nil
}

func (l *lines) item(number string) (int, bool) {
	n, err := strconv.Atoi(number)
	return n - 1, err == nil && n >= 1 && n <= len(l.q.Items)
}
