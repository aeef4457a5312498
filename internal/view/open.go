package view

import (
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// open are the questions that nobody has answered, in the order in which they were asked.
type open struct {
	events []run.Event
	// waits are about each step that was asked about, answered or not, until it runs again, or is asked about anew.
	waits map[string]waited
}

// waited is how long somebody has been waited for, and how many levels of the escalation were told meanwhile.
type waited struct {
	since time.Time
	told  int
	// who was told that the step waits.
	who run.Told
}

func (o *open) put(e *run.Event) {
	o.take(e.Step)
	o.events = append(o.events, *e)
	if o.waits == nil {
		o.waits = map[string]waited{}
	}
	o.waits[e.Step] = waited{since: e.AskedAt(), told: e.Told, who: run.Told{Nobody: e.NobodyTold}}
}

func (o *open) take(step string) *run.Event {
	for i := range o.events {
		if o.events[i].Step == step {
			e := o.events[i]
			o.events = slices.Delete(o.events, i, i+1)
			return &e
		}
	}
	return nil
}

// tell notes that a level fell due.
func (o *open) tell(step string, level int) {
	if w, waits := o.waits[step]; waits {
		w.told = max(w.told, level)
		o.waits[step] = w
	}
}

// notified notes that a level fell due, that its contact is being told, or how that ended.
func (o *open) notified(e *run.Event) {
	if w, waits := o.waits[e.Step]; waits {
		w.who.See(e)
		o.waits[e.Step] = w
	}
}

// brokenOff notes that no process runs the run.
func (o *open) brokenOff() {
	for step, w := range o.waits {
		w.who.BrokeOff()
		o.waits[step] = w
	}
}

// nobodyTold are the levels that fell due for a step, where nobody is known to have been told; nil: somebody was.
func (o *open) nobodyTold(step string) []run.Untold { return o.waits[step].who.Nobody }

// wait is what a question waits for, by its event.
func (o *open) wait(e *run.Event) Wait {
	w := o.waits[e.Step]
	return Wait{For: e.For, Question: e.Question, Since: w.since, Deadline: e.Deadline, Told: w.told}
}

// forget takes back all that is known of a step and its instances: it ended, or begins anew.
func (o *open) forget(step string) {
	for address := range o.waits {
		if run.Covers(step, address) {
			o.take(address)
			delete(o.waits, address)
		}
	}
}
