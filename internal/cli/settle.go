package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

type (
	diagnostics = hcl.Diagnostics
	sources     = map[string]*hcl.File
)

// abort leaves everything as it is.
const abort = "abort"

// inDoubt are the values of --in-doubt.
var inDoubt = []string{run.DecisionDone, run.DecisionRedo, abort}

func known(value string, among []string) bool { return slices.Contains(among, value) }

// inquireTime bounds the question to a system whether a write took place.
const inquireTime = 30 * time.Second

// settle decides about every write in doubt: the system tells, or a person, or the flag. An error leaves all as it is.
func (o *resumeOptions) settle(stop *interruption, r *engine.Recalled, asker *asker) ([]local.Settled, error) {
	var out []local.Settled
	for _, d := range r.Past.Doubts() {
		o.say("%s", inDoubtText(r, d))
		s, err := o.settleOne(stop, r, d, asker)
		if err != nil {
			return nil, err
		}
		o.say("  counts as %s: %s", map[string]string{run.DecisionDone: "done", run.DecisionRedo: "not done, and is sent again"}[s.Decision], s.Why)
		out = append(out, *s)
	}
	return out, nil
}

// nameOf is what a write in doubt is called in a sentence.
func nameOf(d run.Doubt) string {
	if d.Undo {
		return "the undo of step " + d.Address
	}
	return d.Address
}

// inDoubtText says which write is in doubt, what it does where, and when it was sent.
func inDoubtText(r *engine.Recalled, d run.Doubt) string {
	text := "in doubt: step " + d.Address
	if d.Undo {
		text = "in doubt: " + nameOf(d)
	}
	if step, target := r.Past.SentBy(d); step != nil {
		text += ", " + step.Action
		if target.Target != "" {
			text += " on " + target.Target
		}
		text += ","
	}
	if d.At.IsZero() {
		return text + " may or may not have taken place"
	}
	return text + " was sent at " + provider.Moment(d.At) + ", and nobody knows whether it took place"
}

func (o *resumeOptions) settleOne(stop *interruption, r *engine.Recalled, d run.Doubt, asker *asker) (*local.Settled, error) {
	if d.Resolution != nil {
		return &local.Settled{Doubt: d, Resolution: *d.Resolution}, nil
	}
	found, err := o.inquire(stop, r, d)
	if err != nil {
		return nil, err
	}
	inquired := run.Resolution{How: "inquired", Why: found.Why}
	switch found.State {
	case provider.Done:
		inquired.Decision = run.DecisionDone
		return &local.Settled{Doubt: d, Resolution: inquired, Found: found}, nil
	case provider.NotDone:
		inquired.Decision = run.DecisionRedo
		return &local.Settled{Doubt: d, Resolution: inquired, Found: found}, nil
	}
	if found.Why != "" {
		o.say("  %s", found.Why)
	}
	decision, how, note, err := o.decide(d, asker)
	if err != nil {
		return nil, err
	}
	if decision == abort {
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run, and %s stays in doubt", nameOf(d))}
	}
	why := "on the word of " + o.User
	if note != "" {
		why += ": " + note
	}
	return &local.Settled{Doubt: d, Resolution: run.Resolution{Decision: decision, How: how, Who: o.User, Why: why}}, nil
}

// inquire asks the system what became of a write. One that still goes on is an error: nothing is run beside it.
func (p *Program) inquire(stop *interruption, r *engine.Recalled, d run.Doubt) (*provider.Found, error) {
	ctx, cancel := context.WithTimeout(stop.ctx, inquireTime)
	defer cancel()
	found, err := r.Past.Inquire(ctx, d)
	if err != nil {
		p.say("  the system can't tell: %v", err)
		return &provider.Found{}, nil
	}
	if found.State == provider.UnderWay {
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run: %s still goes on: %s", nameOf(d), found.Why)}
	}
	return found, nil
}

// decide has a person say what became of a write.
func (o *resumeOptions) decide(d run.Doubt, asker *asker) (decision, how, note string, err error) {
	if o.InDoubt != "" {
		return o.InDoubt, "flag", "", nil
	}
	if asker == nil {
		return "", "", "", fmt.Errorf("nothing was run: look whether %s took place, and say so with --in-doubt done or --in-doubt redo: %s --in-doubt …", nameOf(d), o.command("resume "+o.Run))
	}
	answer, err := asker.before(run.Wait{Address: d.Address, For: run.ForAnswer, Since: o.Now(), Question: &run.Question{
		Kind: run.AskInput, Type: "string", Choices: inDoubt,
		Prompt: "Look whether this took place. Did it?\ndone: it did; redo: it did not, send it again; abort: leave everything as it is",
	}})
	if err != nil {
		return "", "", "", errors.Join(errors.New("nothing was run: nobody said what became of the write in doubt"), err)
	}
	var text string
	if err := json.Unmarshal(answer.Value, &text); err != nil {
		return "", "", "", fmt.Errorf("nothing was run: %w", err)
	}
	return strings.TrimSpace(text), "asked", answer.Note, nil
}
