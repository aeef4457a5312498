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
	"github.com/e82355ed/runbook/internal/term"
)

type (
	diagnostics = hcl.Diagnostics
	sources     = map[string]*hcl.File
)

func known(value string, among []string) bool { return slices.Contains(among, value) }

// inquireTime bounds the question to a system whether a write took place.
const inquireTime = 30 * time.Second

// settler decides about writes and undos in doubt: the system tells, or a person, or the flag.
type settler struct {
	*Program
	stop     *interruption
	recalled *engine.Recalled
	// asker is nil where nobody sits here; said is what --in-doubt says.
	asker *asker
	said  words
	// goesOn says that the run goes on once all is settled: no undo is sent again then.
	goesOn bool
	// takesBack says that nothing but undos is run: a write that took place is taken back, and none is sent again.
	takesBack bool
	// blind says that the inputs of the run are not known, as their key is gone: who says what became of a write can't leave that to its system.
	blind bool
	// away says that a system could not be reached that may be able to tell.
	away bool
}

// settle decides about one; nil: nobody says what became of it. An error leaves everything as it is.
func (s *settler) settle(d run.Doubt) (*local.Settled, error) {
	s.say("%s", s.inDoubtText(s.recalled, d))
	s.tellSent(d)
	decided, err := s.decide(d)
	if err == nil && decided != nil {
		decided.InstanceGone = s.recalled.InstanceGone(*decided)
		s.say("  %s: %s", s.consequence(decided), s.blank(decided.Why))
		if undo := s.recalled.LosesUndo(d); undo != "" && decided.Decision == run.DecisionDone {
			return nil, s.undoLost(d, undo)
		}
	}
	return decided, err
}

// undoLost refuses files that have no place for the undo of a write that counts as done, with the two ways on.
func (s *settler) undoLost(d run.Doubt, undo string) error {
	id := s.recalled.Plan.RunID
	return fmt.Errorf("nothing was run: step %s counts as done, and its undo would be lost with the files as they are now: %s\n"+
		"Keep the step in the file, under its name and with its action and its undo; or, to undo it first, put the file back as it was, settle it with: %s\n"+
		"and undo it with: %s", d.Address, s.blank(undo), s.command("resume "+id), s.command("undo "+id+" "+run.Quote(d.Address)))
}

// consequence says what follows from a decision.
func (s *settler) consequence(d *local.Settled) string {
	switch {
	case s.takesBack && d.Decision == run.DecisionDone:
		return "took place"
	case s.takesBack:
		return "counts as not done: there is nothing of it to take back"
	case d.Decision == run.DecisionDone:
		return "counts as done"
	case d.InstanceGone:
		return "counts as not done; its instance is gone, so that nothing sends it again"
	case d.Partly != "":
		return "is sent again, all of it, as the file has it"
	case s.goesOn && d.Undo && !d.Gone && d.How == run.HowInquired:
		return "counts as not done: what " + d.Address + " did is there, and the run goes on with that"
	case s.goesOn && d.Undo && !d.Gone:
		return "counts as not done, and is sent again at the end of the run"
	case d.Gone:
		return "counts as not done; its step is gone, so that nothing sends it again"
	case d.How == run.HowDeclared:
		return "is sent again as it was, with its key"
	case !s.recalled.SendsTheSame(d.Doubt):
		return "counts as not done; the write that the file has now is sent as a new one, under a new key, unless it turns out to be the same"
	}
	return "counts as not done, and is sent again"
}

// tellSent says what a write in doubt was sent with.
func (s *settler) tellSent(d run.Doubt) {
	args, err := s.recalled.SentWith(d)
	if err != nil {
		s.say("  %s; the write is told in the words of the file that it was sent from", s.blank(err.Error()))
		return
	}
	for _, a := range args {
		s.say("      %s", term.CleanLine(a.Name+" = "+s.blank(a.Value)))
	}
}

func (s *settler) decide(d run.Doubt) (*local.Settled, error) {
	if d.Resolution != nil {
		return &local.Settled{Doubt: d, Resolution: *d.Resolution}, nil
	}
	if d.ToSend && !s.takesBack && s.said.of(d) == "" && s.recalled.SendsTheSame(d) {
		return &local.Settled{Doubt: d, Resolution: run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared, Why: decidedBefore}}, nil
	}
	found, err := s.inquire(s.stop, s.recalled, d)
	away := local.Unreachable(err)
	switch {
	case away && s.blind:
		s.say("  it can't be asked: %s", s.blank(err.Error()))
		found, err, away = &provider.Found{}, nil, false
	case away:
		s.away = true
		s.say("  it can't be asked now: %s", s.blank(err.Error()))
		s.say("  Bring it back, and resume again: once it answers, it may tell by itself. Say it yourself only where it will not come back.")
		found, err = &provider.Found{}, nil
	}
	if err != nil {
		return nil, err
	}
	if decision, tells := decisions[found.State]; tells {
		if decision == run.DecisionRedo && s.goesOn && d.OfPart {
			return nil, fmt.Errorf("nothing was run: %s did not take place (%s), and a part of what it takes back did: %s", nameOf(d), s.blank(found.Why), s.mayNotRedo(d))
		}
		return &local.Settled{Doubt: d, Resolution: run.Resolution{Decision: decision, How: run.HowInquired, Why: found.Why}, Found: found}, nil
	}
	repeatable := found.State == provider.Repeatable && !s.takesBack
	same := repeatable && s.recalled.SendsTheSame(d)
	if same && s.said.of(d) == "" { // otherwise somebody looked, or wants it stopped
		return &local.Settled{Doubt: d, Resolution: run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared, Why: found.Why}, Found: found}, nil
	}
	if found.Why != "" {
		s.say("  %s", s.blank(found.Why))
	}
	if repeatable && !same && !d.Gone && !s.recalled.OfGone(d) {
		s.say("  %s", s.whyNotTheSame(d))
	}
	decision, how, note, err := s.ask(d, away)
	switch {
	case err != nil || decision == "" || decision == leave:
		return nil, err
	case decision == run.DecisionRedo && s.goesOn && s.mayNotRedo(d) != "":
		return nil, errors.New("nothing was run: " + s.mayNotRedo(d))
	case decision == abort && d.Partly != "":
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run, and %s stays as it is: a part of it took place", nameOf(d))}
	case decision == abort:
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run, and %s stays in doubt", nameOf(d))}
	}
	return &local.Settled{Doubt: d, Resolution: run.Resolution{Decision: decision, How: how, Who: s.User, Why: s.wordOf(note), Failed: d.Failed}}, nil
}

// decidedBefore is why a write in doubt is sent again of which that was decided before.
const decidedBefore = "that was decided before, as its author allows it"

// mayNotRedo says why a run that goes on does not send something again, and what to do instead; empty: it does.
func (s *settler) mayNotRedo(d run.Doubt) string {
	undo := "undo " + s.recalled.Plan.RunID + " " + run.Quote(d.Address)
	switch redo := s.recalled.Redo(d); {
	case redo == engine.RedoByUndo && d.Failed:
		return "what is left of " + nameOf(d) + " would have to be sent before the run goes on. To send all of it again, that part too: " + s.command(undo+" --in-doubt redo")
	case redo == engine.RedoByUndo:
		return nameOf(d) + " would have to be sent before the run goes on. To send it again: " + s.command(undo+" --in-doubt redo") + ", and then resume"
	case redo == engine.RedoTwice:
		return "the undo of " + d.Address + " uses nothing of what its step gave, and takes back all of it: were the step sent again, that would be due twice. " +
			"Undo what took place with: " + s.command(undo) + ", and resume, which sends all of it; or do the rest by hand, and say done"
	}
	return ""
}

// whyNotTheSame says why a write is not sent again on its author's word alone.
func (s *settler) whyNotTheSame(d run.Doubt) string {
	if s.recalled.RunsBefore(d) {
		return "The run goes on before the undo would be sent again: if it took place, what the step did is not there any more."
	}
	first := strings.Join(s.recalled.RunsFirst(d), ", ")
	if first == "" {
		return "The write that the file has now differs from the one that was sent, or may differ: it would go out as a new write, under a new key."
	}
	return "What it depends on runs again first: " + first + ". If it took place, it did so with what was there before. Sent again, it has its key only where its arguments are the same then."
}

// wordOf says on whose word something is decided.
func (s *settler) wordOf(note string) string {
	if note == "" {
		return "on the word of " + s.User
	}
	return "on the word of " + s.User + ": " + note
}

// decisions are those that follow from what a system tells.
var decisions = map[provider.State]string{provider.Done: run.DecisionDone, provider.NotDone: run.DecisionRedo}

// inquire asks the system what became of a write. One that still goes on is an error: nothing is run beside it.
func (p *Program) inquire(stop *interruption, r *engine.Recalled, d run.Doubt) (*provider.Found, error) {
	ctx, cancel := context.WithTimeout(stop.ctx, inquireTime)
	defer cancel()
	found, err := r.Inquire(ctx, d)
	if local.Unreachable(err) {
		return nil, err
	}
	if err != nil {
		p.say("  the system can't tell: %s", p.blank(err.Error()))
		return &provider.Found{}, nil
	}
	if found.State == provider.UnderWay {
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run: %s still goes on: %s", nameOf(d), p.blank(found.Why))}
	}
	return found, nil
}

// tellDoubt tells of a write in doubt that is not decided about, and what the system says of it. One that still goes on is an error.
func (p *Program) tellDoubt(stop *interruption, r *engine.Recalled, d run.Doubt) error {
	p.say("%s", p.inDoubtText(r, d))
	found, err := p.inquire(stop, r, d)
	switch {
	case local.Unreachable(err):
		p.say("  it can't be asked now: %s", p.blank(err.Error()))
	case err != nil:
		return err
	case found.Why != "":
		p.say("  %s", p.blank(found.Why))
	}
	return nil
}

// ask has a person say what became of a write; an empty decision: nobody is there.
//
// Away says that the system can't be reached: nothing is sent again to one that may have it already and can tell once it is back.
func (s *settler) ask(d run.Doubt, away bool) (decision, how, note string, err error) {
	word := s.said.of(d)
	if away && word == run.DecisionRedo {
		s.say("  --in-doubt redo does not count as long as the system can't be reached: once it is back, it may tell that the write took place.")
		return "", "", "", nil
	}
	if word != "" {
		return word, "flag", "", nil
	}
	if s.asker == nil {
		return "", "", "", nil
	}
	if d.Failed {
		return s.choose(d, notRedo, "A part of "+nameOf(d)+" took place. Did you do the rest by hand?\n"+
			"done: all of it is done, and "+d.Address+" runs again; abort: leave everything as it is")
	}
	why := ""
	if s.goesOn {
		why = s.mayNotRedo(d)
	}
	switch {
	case d.Partly != "" && why != "":
		return s.choose(d, notRedo, "A part of "+nameOf(d)+" took place. Is all of it done by now?\n"+
			"done: it is, by hand or otherwise; abort: leave everything as it is\nIt is not sent again: "+why)
	case d.Partly != "":
		return s.choose(d, inDoubt, "A part of "+nameOf(d)+" took place. Is all of it done by now?\n"+
			"done: it is, by hand or otherwise; redo: send all of it again, that part too; abort: leave everything as it is")
	}
	if s.takesBack {
		return s.choose(d, leaving, "Look whether "+nameOf(d)+" took place. Did it?\n"+
			"done: it did, and is taken back where it has an undo; redo: it did not; leave: leave it in doubt, and take back the rest; abort: leave everything as it is")
	}
	choices, meaning := inDoubt, "done: it did; redo: it did not, send it again; abort: leave everything as it is"
	switch {
	case away:
		choices, meaning = notRedo, "done: it did; abort: leave everything as it is (it can be sent again once the system can be reached)"
	case why != "":
		choices, meaning = notRedo, "done: it did; abort: leave everything as it is\nIt is not sent again: "+why
	case s.goesOn && d.Undo && !d.Gone:
		meaning = "done: it did; redo: it did not, send it again at the end of the run; abort: leave everything as it is"
	}
	return s.choose(d, choices, "Look whether "+nameOf(d)+" took place. Did it?\n"+meaning)
}

// askFailed has a person say whether an undo that failed was done by hand; an empty decision: nobody is there, or is to be asked. forAll
// says that a word for all is about it.
func (s *settler) askFailed(d run.Doubt, forAll, approved bool) (decision, how, note string, err error) {
	word := s.said.ofOne(d)
	if word == "" && (forAll || s.said.others == abort) {
		word = s.said.others
	}
	if word != "" || s.asker == nil || approved {
		return word, "flag", "", nil
	}
	if d.Partly != "" {
		return s.choose(d, inDoubt, "A part of "+nameOf(d)+" took place at "+provider.Moment(d.At)+". Did you do the rest by hand?\n"+
			"done: all of it is done; redo: send all of it again, that part too; abort: leave everything as it is")
	}
	return s.choose(d, inDoubt, "Did you do "+nameOf(d)+" by hand, which failed at "+provider.Moment(d.At)+"?\ndone: it is done; redo: try it again; abort: leave everything as it is")
}

// choose has a person choose what is true of a write.
func (s *settler) choose(d run.Doubt, choices []string, prompt string) (decision, how, note string, err error) {
	answer, err := s.asker.before(run.Wait{Address: nameOf(d), For: run.ForAnswer, Since: s.Now(), Question: &run.Question{
		Kind: run.AskInput, Type: "string", Choices: choices, Prompt: prompt,
	}})
	if err != nil {
		return "", "", "", errors.Join(fmt.Errorf("nothing was run: nobody said what became of %s", nameOf(d)), err)
	}
	var text string
	if err := json.Unmarshal(answer.Value, &text); err != nil {
		return "", "", "", fmt.Errorf("nothing was run: %w", err)
	}
	return strings.TrimSpace(text), "asked", answer.Note, nil
}

// notKept adds to why nothing is settled, which is about one write, that what was said of others is not kept either.
func (s *settler) notKept(err error, about run.Doubt, decided []local.Settled) error {
	names := saidOf(decided)
	for _, d := range s.recalled.Doubts() {
		if said := s.said.ofOne(d); said != "" && said != abort && d.Address != about.Address && !slices.Contains(names, nameOf(d)) {
			names = append(names, nameOf(d))
		}
	}
	return forgotten(err, names, "nothing is settled before all is")
}

// saidOf are the writes in doubt that somebody has decided about.
func saidOf(decided []local.Settled) []string {
	var names []string
	for _, d := range decided {
		if d.Who != "" && d.Doubt.Resolution == nil {
			names = append(names, nameOf(d.Doubt))
		}
	}
	return names
}

// forgotten adds to why nothing was run that what was said of some writes in doubt is not kept.
func forgotten(err error, names []string, why string) error {
	if len(names) == 0 {
		return err
	}
	return &exitError{status: statusOf(err), message: err.Error() + "\nWhat was said of " + strings.Join(names, ", ") + " is not kept: " + why + "."}
}

// nameOf is what a write in doubt is called in a sentence.
func nameOf(d run.Doubt) string {
	if d.Undo {
		return "the undo of " + d.Address
	}
	return d.Address
}

// inDoubtText says which write is in doubt, what it does where, when it was sent, and what came back.
func (p *Program) inDoubtText(r *engine.Recalled, d run.Doubt) string {
	text := "in doubt: step " + d.Address
	switch {
	case d.Failed && d.Partly == "":
		text = "failed: " + nameOf(d)
	case d.Failed:
		text = "took place in part: " + nameOf(d)
	case d.Undo:
		text = "in doubt: " + nameOf(d)
	case d.Partly != "":
		text = "took place in part: step " + d.Address
	}
	if step, target := r.SentBy(d); step != nil {
		text += ", " + step.Action
		if target.Target != "" {
			text += " on " + p.blank(target.Target)
		}
		text += ","
	}
	if d.At.IsZero() {
		return text + " may or may not have taken place"
	}
	text += " was sent at " + provider.Moment(d.At)
	if d.Failed {
		return strings.TrimSuffix(text+"\n  "+p.blank(d.Partly), "\n  ")
	}
	if d.Partly != "" {
		return text + ", and erred: " + p.blank(d.Partly)
	}
	text += ", and nobody knows whether it took place"
	if d.Ended != "" {
		text += "\n  it ended with: " + term.CleanLine(p.blank(d.Ended))
	}
	return text
}
