package view

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// Screen is the terminal that a live view draws on.
type Screen struct {
	Out io.Writer
	// Settle writes out what is on its way to the terminal from the inner view, so that nothing of it comes into the middle of what is
	// written next. Nil: nothing is.
	Settle func()
	// Size gives columns and rows, asked for each frame.
	Size func() (width, height int)
	// Now is the clock.
	Now func() time.Time
	// Shared is true where the lines of the inner view appear on the same terminal.
	Shared bool
	// Crowded is true where another program may write to the terminal at any moment, as one that reads the inner view's lines: then
	// one line is drawn, over which that writes, and none of its lines is taken away.
	Crowded bool
}

// The first frame comes after a session has lasted patience; from then on one each frame.
const (
	patience = 300 * time.Millisecond
	frame    = 100 * time.Millisecond
	maxLive  = 8 // running steps that are drawn
)

// Settle is how long another program is left to show on the terminal what it was given.
const Settle = 300 * time.Millisecond

// Live shows what runs now below the lines of another view. A short run never draws anything.
type Live struct {
	inner  View
	screen Screen
	config Config
	stop   chan struct{}
	done   chan struct{}
	// begun is closed at the first event.
	begun chan struct{}
	begin sync.Once
	after func()

	mu      sync.Mutex
	drawn   int // lines on the screen below the inner view's
	ticks   int
	order   []string
	running map[string]*liveStep
	ended   map[string]bool
	header  *run.Header
	started time.Time
	reason  string
	// paused is true while something else has the terminal, quiet says until when a crowded one is not drawn on.
	paused bool
	quiet  time.Time
	// above are the writers whose text appears above the live lines.
	above []*aboveLive
}

// liveStep is a step that is under way, or waits.
type liveStep struct {
	since   time.Time
	waiting *run.Event
	// started is false while a person must answer before the step begins.
	started bool
	// told is how many levels of the escalation were told.
	told int
}

// NewLive draws what runs below inner on a screen until Close. With a shared screen, inner must write to the same
// terminal and to nothing in between.
func NewLive(inner View, screen Screen, config Config) *Live {
	l := &Live{
		inner: inner, screen: screen, config: config, running: map[string]*liveStep{}, ended: map[string]bool{},
		stop: make(chan struct{}), done: make(chan struct{}), begun: make(chan struct{}),
	}
	go l.tick()
	return l
}

func (l *Live) tick() {
	defer close(l.done)
	// Until the run goes on, a question may stand on the terminal, and what was recalled does not run.
	select {
	case <-l.stop:
		return
	case <-l.begun:
	}
	select {
	case <-l.stop:
		return
	case <-time.After(patience):
	}
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		l.mu.Lock()
		l.ticks++
		l.redraw()
		l.mu.Unlock()
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
	}
}

// Event passes an event on and takes note of what it says about what runs.
func (l *Live) Event(e journal.Entry) {
	l.begin.Do(func() { close(l.begun) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(l.config.entry(e))
	if l.screen.Crowded && writes(e.Event) {
		l.write(l.erase())
		l.quiet = time.Now().Add(Settle)
	}
	if l.drawn == 0 || !l.screen.Shared || !writes(e.Event) {
		l.inner.Event(e)
		return
	}
	l.write(l.erase())
	l.inner.Event(e)
	l.redraw()
}

// Recall takes note of an event of an earlier session. Call it before the first event.
func (l *Live) Recall(e journal.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(l.config.entry(e))
}

// Pause takes the live lines away until the function that it gives is called: a form has the terminal.
func (l *Live) Pause() (resume func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	l.write(l.erase())
	l.paused = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.paused = false
	}
}

// writes reports whether a view may write lines for an event; the rest need not disturb what is drawn.
func writes(e *run.Event) bool {
	switch e.Type {
	case run.StepReady, run.StepExpanded, run.StepRetrying, run.StepNoted, run.CheckEvaluated, run.ClockRead, run.SecretsKept, run.UndoStarted:
		return false
	case run.NotifyStarted:
		return len(e.InsteadOf) > 0
	case run.StepWaiting:
		return e.Question != nil
	case run.StepStarted:
		return e.Action == runsAnother
	}
	return true
}

// OnClose has f called when the live lines are gone. Call it before the first event.
func (l *Live) OnClose(f func()) { l.after = f }

// Above gives a writer to w, which is on the same terminal, whose text appears above the live lines, in whole lines.
func (l *Live) Above(w io.Writer) io.Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &aboveLive{live: l, w: w}
	l.above = append(l.above, a)
	return a
}

type aboveLive struct {
	live *Live
	w    io.Writer
	held []byte // of a line that has not ended
}

func (a *aboveLive) Write(p []byte) (int, error) {
	a.live.mu.Lock()
	defer a.live.mu.Unlock()
	a.held = append(a.held, p...)
	select {
	case <-a.live.begun:
		return len(p), a.pass(bytes.LastIndexByte(a.held, '\n') + 1)
	default: // nothing is drawn yet, and what is asked waits within its line
		return len(p), a.pass(len(a.held))
	}
}

// pass writes so much of what is held. The lock is held.
func (a *aboveLive) pass(n int) error {
	if n == 0 {
		return nil
	}
	a.live.settle()
	a.live.write(a.live.erase())
	_, err := a.w.Write(a.held[:n])
	a.held = slices.Clone(a.held[n:])
	return err
}

// Close takes the live lines away and closes the inner view.
func (l *Live) Close() error {
	close(l.stop)
	<-l.done
	l.mu.Lock()
	l.write(l.erase())
	var err error
	for _, a := range l.above {
		err = errors.Join(err, a.pass(len(a.held)))
	}
	l.mu.Unlock()
	if l.after != nil {
		l.after()
	}
	return errors.Join(err, l.inner.Close())
}

func (l *Live) note(e *run.Event) {
	switch e.Type {
	case run.RunStarted:
		l.header, l.started = e.Header, e.Time
	case run.StepStarted:
		step := l.step(e.Step, e.Time)
		if !step.started {
			step.since = e.Time
		}
		step.started, step.waiting = true, nil
	case run.StepWaiting, run.StepRetrying:
		waiting, step := *e, l.step(e.Step, e.Time)
		step.waiting, step.told = &waiting, e.Told
	case run.StepEscalated:
		if step := l.running[e.Step]; step != nil && e.Level != nil {
			step.told = e.Level.Number
		}
	case run.StepAnswered:
		if step := l.running[e.Step]; step != nil && step.started {
			step.waiting = nil
		} else {
			l.drop(e.Step)
		}
	case run.StepFinished:
		l.ended[e.Step] = true
		l.drop(e.Step)
	case run.UndoStarted:
		l.step("undo "+e.Step, e.Time).started = true
	case run.UndoFinished:
		l.drop("undo " + e.Step)
	case run.RunStopping:
		if e.Step == "" { // not only the runbook that a step runs
			l.reason = e.Reason
		}
	case run.RunResumed:
		l.resumed(e)
	case run.RunPaused:
		l.dropUnless(func(s *liveStep) bool { return s.waiting != nil && s.waiting.Question != nil })
	case run.RunFinished:
		l.dropUnless(func(*liveStep) bool { return false })
	}
}

// resumed begins another session, in which the questions that are open stay that.
func (l *Live) resumed(e *run.Event) {
	l.reason = ""
	if l.started.IsZero() {
		l.started = e.Time
	}
	if e.Header != nil {
		l.header = e.Header
	}
	again := func(address string) bool {
		return slices.ContainsFunc(e.Reset, func(step string) bool { return run.Covers(step, address) })
	}
	open := func(s *liveStep) bool {
		return s.waiting != nil && s.waiting.Question != nil && !again(s.waiting.Step) && !slices.Contains(slices.Concat(e.Gone, e.AskedAgain), s.waiting.Step)
	}
	maps.DeleteFunc(l.ended, func(address string, _ bool) bool { return again(address) })
	l.dropUnless(open)
}

// dropUnless drops what is under way, except for what is to be kept.
func (l *Live) dropUnless(keep func(*liveStep) bool) {
	l.order = slices.DeleteFunc(l.order, func(name string) bool {
		if keep(l.running[name]) {
			return false
		}
		delete(l.running, name)
		return true
	})
}

// step gives what is known of a step that is under way.
func (l *Live) step(name string, since time.Time) *liveStep {
	if l.running[name] == nil {
		l.order = append(l.order, name)
		l.running[name] = &liveStep{since: since}
	}
	return l.running[name]
}

func (l *Live) drop(name string) {
	if l.running[name] != nil {
		delete(l.running, name)
		l.order = without(l.order, name)
	}
}

func without(list []string, item string) []string {
	for i, s := range list {
		if s == item {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// erase gives the escape sequence that takes the drawn lines away.
func (l *Live) erase() []byte {
	if l.drawn == 0 {
		return nil
	}
	up := fmt.Sprintf("\x1b[%dA\r\x1b[J", l.drawn)
	if l.screen.Crowded {
		up = "\r\x1b[K"
	}
	l.drawn = 0
	return []byte(up)
}

// settle has the terminal to itself: whoever writes to it next has the lock.
func (l *Live) settle() {
	if l.screen.Settle != nil {
		l.screen.Settle()
	}
}

func (l *Live) write(frame []byte) {
	if len(frame) > 0 {
		l.settle()
		// A terminal that is gone shows up where the results are written.
		_, _ = l.screen.Out.Write(frame)
	}
}

func (l *Live) redraw() {
	var b bytes.Buffer
	b.Write(l.erase())
	width, height := l.screen.Size()
	switch {
	case len(l.order) == 0 || width <= 0 || l.paused:
	case l.screen.Crowded && time.Now().Before(l.quiet):
	case l.screen.Crowded:
		// The cursor stays where the line begins, so that what others write stands over it.
		b.WriteString(term.Cut(l.oneLine(), width-1, l.config.Glyphs.Ellipsis) + "\r")
		l.drawn = 1
	default:
		for _, line := range l.frame(height) {
			b.WriteString(term.Cut(line, width-1, l.config.Glyphs.Ellipsis))
			b.WriteByte('\n')
			l.drawn++
		}
	}
	l.write(b.Bytes())
}

// oneLine is what runs now where there is room for one line.
func (l *Live) oneLine() string {
	lines := l.frame(0)
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return " " + strings.Join(lines, " "+l.config.Glyphs.Dot+" ")
}

// frame gives the lines of what runs now.
func (l *Live) frame(height int) []string {
	now := l.screen.Now()
	room := min(maxLive, max(height-3, 1))
	spinner := l.config.Glyphs.Spinner[l.ticks%len(l.config.Glyphs.Spinner)]
	var lines []string
	for _, name := range l.order[:min(room, len(l.order))] {
		lines = append(lines, " "+spinner+" "+term.Pad(l.config.clean(name), nameWidth)+" "+l.doing(l.running[name], now))
	}
	var parts []string
	if more := len(l.order) - room; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more running", more))
	}
	if l.header != nil {
		parts = append(parts, fmt.Sprintf("%d of %d steps ended", len(l.ended), max(l.header.Steps, len(l.ended)+len(l.order))))
	}
	elapsed := Duration(now.Sub(l.started))
	if l.header != nil && l.header.MTTRTargetMS > 0 {
		elapsed += ", target " + Duration(milliseconds(l.header.MTTRTargetMS))
	}
	parts = append(parts, elapsed)
	if l.reason != "" {
		parts = append(parts, "stopping: "+l.config.clean(l.reason))
	}
	return append(lines, "   "+strings.Join(parts, " "+l.config.Glyphs.Dot+" "))
}

// doing says what a step is at: running since, or waiting for what and how long.
func (l *Live) doing(s *liveStep, now time.Time) string {
	w := s.waiting
	if w == nil {
		return "running " + Duration(now.Sub(s.since))
	}
	if w.Type == run.StepRetrying {
		next := w.Time.Add(milliseconds(w.DelayMS))
		return fmt.Sprintf("tries again in %s: %s", Duration(max(next.Sub(now), 0)), l.config.clean(w.Error))
	}
	if w.Question != nil {
		return Waiting(Wait{For: w.For, Question: w.Question, Deadline: w.Deadline, Told: s.told}, now, l.config)
	}
	text := waitsFor(w.For, nil)
	if w.Holds {
		text += ", which holds"
	}
	if w.Until != nil {
		text += ", next in " + Duration(max(w.Until.Sub(now), 0))
	}
	if w.Deadline != nil {
		text += fmt.Sprintf(", %s left until %s", Duration(max(w.Deadline.Sub(now), 0)), l.config.Clock(*w.Deadline, now))
	}
	return text
}
