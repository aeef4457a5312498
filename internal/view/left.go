package view

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// leftover is something that a person must look at when the run has ended.
type leftover struct {
	key, text string
	kind      leftKind
}

// leftKind is what is left, and with it what to do about it.
type leftKind int

const (
	inDoubt leftKind = iota
	undoInDoubt
	undoFailed
	undoPartly // failed, after a part of it took place
	undoNotRun
)

// undoKey names the undo of one effect of a step, which may have several.
func undoKey(e *run.Event) string { return undoKeyOf(e.Step) + strconv.FormatInt(e.Undoes, 10) }

func undoKeyOf(step string) string { return "undo " + step + " " }

type leftovers []leftover

func (l *leftovers) put(kind leftKind, key, text string) {
	l.drop(key)
	*l = append(*l, leftover{key, text, kind})
}

func (l *leftovers) drop(key string) {
	*l = slices.DeleteFunc(*l, func(x leftover) bool { return x.key == key })
}

// partly reports whether a key is of an undo of which a part took place.
func (l leftovers) partly(key string) bool {
	return slices.ContainsFunc(l, func(x leftover) bool { return x.key == key && x.kind == undoPartly })
}

func (l leftovers) any(kind leftKind) bool {
	return slices.ContainsFunc(l, func(x leftover) bool { return x.kind == kind })
}

// worst says which of what is left a person must look at first.
func (l leftovers) worst() string {
	for _, w := range []struct {
		kind leftKind
		text string
	}{
		{undoPartly, "an undo took place in part"}, {undoFailed, "an undo failed"}, {undoInDoubt, "an undo is in doubt"}, {inDoubt, "a write is in doubt"}, {undoNotRun, "an undo did not run"},
	} {
		if l.any(w.kind) {
			return w.text
		}
	}
	return "something is left to look at"
}

// notUndone replaces what was left undone by what a session that ended leaves.
func (t *Text) notUndone(e *run.Event) {
	t.left = slices.DeleteFunc(t.left, func(x leftover) bool { return x.kind == undoNotRun })
	for _, step := range e.NotUndone {
		t.left.put(undoNotRun, "not undone "+step, "undo of "+t.clean(step)+": it did not run; run it with: "+t.command("undo "+e.Run+" "+run.Quote(step))+"; with --in-doubt done once it is done by hand")
	}
}

// is reports whether it stands for something that the end of a run tells. Old histories don't say which effect an undo is of.
func (x leftover) is(l run.Left) bool {
	switch {
	case l.What == run.LeftInDoubt:
		return x.kind == inDoubt && x.key == l.Step
	case x.kind != undoInDoubt && x.kind != undoFailed && x.kind != undoPartly:
		return false
	case l.Undoes == 0:
		return strings.HasPrefix(x.key, undoKeyOf(l.Step))
	}
	return x.key == undoKeyOf(l.Step)+strconv.FormatInt(l.Undoes, 10)
}

// onlyLeft drops what the end of a session does not tell as left, as it was settled since, or its step ran again. A status of
// 4 without anything is that of an old version, or of a session that something was still at work for.
func (t *Text) onlyLeft(e *run.Event) {
	if e.ExitStatus == nil || *e.ExitStatus == run.ExitLeftOver && len(e.Left)+len(e.NotUndone) == 0 {
		return
	}
	told := func(x leftover) bool { return slices.ContainsFunc(e.Left, x.is) }
	t.left = slices.DeleteFunc(t.left, func(x leftover) bool { return x.kind != undoNotRun && !told(x) })
	maps.DeleteFunc(t.sent, func(step string, _ bool) bool { return !told(leftover{key: step, kind: inDoubt}) })
}

// leftBefore adds what earlier sessions left, which are not shown.
func (t *Text) leftBefore(e *run.Event) {
	for _, l := range e.Left {
		if t.sent[l.Step] && l.What == run.LeftInDoubt || slices.ContainsFunc(t.left, func(x leftover) bool { return x.is(l) }) {
			continue
		}
		step, undo, named := t.clean(l.Step), undoKeyOf(l.Step)+strconv.FormatInt(l.Undoes, 10), run.Quote(t.clean(l.Name()))
		switch l.What {
		case run.LeftInDoubt:
			t.left.put(inDoubt, l.Step, step+": nobody knows whether it took place")
		case run.LeftUndoInDoubt:
			t.left.put(undoInDoubt, undo, "undo of "+step+": nobody knows whether it took place")
		case run.LeftUndoFailed:
			if l.Partial {
				t.left.put(undoPartly, undo, "undo of "+step+": a part of it took place; settle it with: "+t.command("undo "+e.Run+" "+named))
				continue
			}
			t.left.put(undoFailed, undo, "undo of "+step+": it failed before; try it again with: "+t.command("undo "+e.Run+" "+named))
		}
	}
}

func (t *Text) noteDoubt(e *run.Event) {
	t.asked.forget(e.Step)
	t.left.drop(e.Step)
	delete(t.sent, e.Step)
	if e.InDoubt {
		t.left.put(inDoubt, e.Step, t.clean(e.Step)+": nobody knows whether it took place")
	}
}

// undone writes how the undo of a step ended.
func (t *Text) undone(e *run.Event) {
	t.step(e)
	key := undoKey(e)
	t.left.drop(key)
	switch {
	case e.ByHand != "":
		t.left.put(undoKind(e), key, "undo of "+t.clean(e.Step)+", by hand: "+t.clean(e.ByHand))
	case e.InDoubt:
		t.left.put(undoInDoubt, key, "undo of "+t.clean(e.Step)+": nobody knows whether it took place")
	case e.Outcome == run.Fail || e.Outcome == run.Error:
		t.left.put(undoFailed, key, "undo of "+t.clean(e.Step)+": "+t.clean(firstOf(e.Error, e.Summary, "it failed")))
	}
}

func undoKind(e *run.Event) leftKind {
	switch {
	case e.InDoubt:
		return undoInDoubt
	case e.Partial:
		return undoPartly
	}
	return undoFailed
}

// noteSent keeps in mind that a write is under way: when the run ends without it, nobody knows whether it took place.
func (t *Text) noteSent(e *run.Event) {
	if e.Effect == "" || e.Effect == effects[0] || e.Action == runsAnother {
		return
	}
	if t.sent == nil {
		t.sent = map[string]bool{}
	}
	t.sent[e.Step] = true
}

// leftOver lists what a person must look at.
func (t *Text) leftOver() {
	for _, step := range slices.Sorted(maps.Keys(t.sent)) {
		t.left.put(inDoubt, step, t.clean(step)+": nobody knows whether it took place")
	}
	if len(t.left) == 0 {
		return
	}
	t.line(t.Palette.Bad("left to look at:"))
	for _, l := range t.left {
		t.lines(t.wrapped("  ", l.text)...)
	}
}
