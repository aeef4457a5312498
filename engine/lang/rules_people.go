package lang

import "github.com/hashicorp/hcl/v2"

var approvalRules = &rules[Approval]{
	what: "an approval block",
	attrs: map[string]func(*decoder, *Approval, *attribute){
		"prompt":    func(d *decoder, p *Approval, a *attribute) { p.Prompt = d.expr(a) },
		"approvers": func(d *decoder, p *Approval, a *attribute) { p.Approvers = d.expr(a) },
		"timeout":   func(d *decoder, p *Approval, a *attribute) { p.Timeout = d.positive(a) },
		"on_timeout": func(d *decoder, p *Approval, a *attribute) {
			p.Escalate = d.oneOf(a, "fail", "escalate") == "escalate"
			p.onTimeout = a.raw.Range()
		},
		"escalation": func(d *decoder, p *Approval, a *attribute) { p.Escalation = d.expr(a) },
	},
}

func decodeApproval(d *decoder, s *Step, b *block) {
	p := &Approval{Range: b.rng}
	decodeBody(d, approvalRules, b.body, b.rng, p, nil)
	switch {
	case p.onTimeout.Empty():
	case p.Timeout == 0:
		d.errorAt(p.onTimeout, "Missing argument", "on_timeout says what happens when the time is over, and this approval has no timeout (timeout = \"30m\").")
	case p.Escalate && p.Escalation == nil:
		d.errorAt(p.onTimeout, "Missing argument", "on_timeout = \"escalate\" calls the next contact, so this approval needs an escalation (escalation = escalation.oncall).")
	}
	s.Approval = p
}

// undoBlock is an undo block while it is decoded.
type undoBlock struct {
	*Undo
}

var undoRules = &rules[undoBlock]{
	what: "an undo block",
	attrs: map[string]func(*decoder, *undoBlock, *attribute){
		"on":       func(d *decoder, u *undoBlock, a *attribute) { u.OnEnd = d.oneOf(a, "failure", "end") == "end" },
		"provider": func(d *decoder, u *undoBlock, a *attribute) { carrierAttrs["provider"](d, u.Step, a) },
		"timeout":  func(d *decoder, u *undoBlock, a *attribute) { carrierAttrs["timeout"](d, u.Step, a) },
	},
	blocks: map[string]blockRule[undoBlock]{
		"retry": {once: true, decode: func(d *decoder, u *undoBlock, b *block) { decodeRetry(d, u.Step, b) }},
	},
}

// carrier begins what carries out the action of a block that is no step of the runbook: an undo, a notifier.
func (d *decoder) carrier(b *block) *Step {
	return &Step{
		Action: b.labels[0], RunIf: RunIfSuccess, Timeout: defaultStepTimeout, Dir: d.dir,
		Range: b.rng, ActionRange: b.labelRngs[0], NameRange: b.labelRngs[0], Args: map[string]*Attr{},
	}
}

func decodeUndo(d *decoder, owner *Step, b *block) {
	s := d.carrier(b)
	s.Name = owner.Name
	u := undoBlock{&Undo{Step: s, Range: b.rng}}
	more := &extra{take: func(a *attribute) { s.Args[a.name] = d.attr(a) }}
	d.findAction(s, more)
	decodeBody(d, undoRules, b.body, b.rng, &u, more)
	if s.ProviderRef == nil && s.Provider == owner.Provider {
		s.ProviderRef = owner.ProviderRef // what was done is where it was done
	}
	switch {
	case s.Action == ChildAction || s.Spec != nil && s.Spec.Spec().Asks:
		d.errorAt(s.ActionRange, "Can't undo", "An undo is one action that runs on its own, also after an interrupt; %s is not. What a person must do stands in a remedy.", s.Action)
		return
	case s.Spec != nil && s.Spec.Spec().NeedsTimeout && !s.TimeoutSet:
		d.errorAt(b.rng, "Missing argument", "The undo of step %q needs a timeout: interrupting %s does harm, so its author says how long it may take (timeout = \"5m\").", owner.Name, s.Action)
	}
	owner.Undo = u.Undo
}

// asks reports whether a step waits for a person by itself.
func (s *Step) asks() bool { return s.Spec != nil && s.Spec.Spec().Asks }

// waitsAtWill clears the default time limit of what takes as long as it takes: a person's answer, another runbook.
func (s *Step) waitsAtWill() {
	if !s.TimeoutSet && (s.asks() || s.Action == ChildAction) {
		s.Timeout = 0
	}
}

// mayWait reports what makes no sense on a step that a person answers, or that runs another runbook.
func (d *decoder) mayWait(s *Step, escalation hcl.Range) {
	if s.Escalation != nil && s.Spec != nil && !s.asks() {
		d.errorAt(escalation, "Nobody is asked", "escalation says whom to call while a step waits for a person; %s asks nobody. In an approval or a remedy block it may stand.", s.Action)
	}
	if !s.asks() && s.Action != ChildAction {
		return
	}
	why := "it waits for a person once"
	if s.Action == ChildAction {
		why = "the steps of the runbook that it runs have their own"
	}
	if s.Retry != nil {
		d.errorAt(s.Retry.Range, "Nothing to repeat", "Step %q has no retry: %s.", s.Name, why)
		s.Retry = nil
	}
	if s.Poll != nil {
		d.errorAt(s.Poll.Range, "Nothing to repeat", "Step %q has no poll: %s.", s.Name, why)
		s.Poll = nil
	}
}
