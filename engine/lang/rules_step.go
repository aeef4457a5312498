package lang

import (
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/provider"
)

const (
	defaultStepTimeout  = 30 * time.Second
	defaultAttempts     = 3
	defaultRetryDelay   = time.Second
	defaultMaxDelay     = 30 * time.Second
	defaultPollInterval = 5 * time.Second
	defaultPollTimeout  = 5 * time.Minute
)

// checkRules are what a check may hold; a step may hold that and more.
var checkRules = &rules[Step]{
	what: "a check",
	attrs: map[string]func(*decoder, *Step, *attribute){
		"description":       func(d *decoder, s *Step, a *attribute) { s.Description = d.text(a) },
		"depends_on":        func(d *decoder, s *Step, a *attribute) { s.DependsOn = d.stepRefs(a) },
		"when":              func(d *decoder, s *Step, a *attribute) { s.When = d.expr(a) },
		"run_if":            decodeRunIf,
		"for_each":          func(d *decoder, s *Step, a *attribute) { s.ForEach = d.expr(a) },
		"continue_on_error": func(d *decoder, s *Step, a *attribute) { s.ContinueOnError = d.flag(a, false) },
		"show":              func(d *decoder, s *Step, a *attribute) { s.Show = d.expr(a) },
	},
	blocks: map[string]blockRule[Step]{
		"assert": {decode: func(d *decoder, s *Step, b *block) { s.Asserts = append(s.Asserts, decodeAssert(d, b)) }},
		"threshold": {labels: []string{"name"}, decode: func(d *decoder, s *Step, b *block) {
			s.Thresholds = append(s.Thresholds, decodeThreshold(d, s, b))
		}},
		"remedy": {decode: func(d *decoder, s *Step, b *block) { s.Remedies = append(s.Remedies, decodeRemedy(d, b)) }},
	},
}

// carrierAttrs say through what an action is carried out, and for how long, wherever it stands.
var carrierAttrs = map[string]func(*decoder, *Step, *attribute){
	"provider": func(d *decoder, s *Step, a *attribute) { s.ProviderRef = d.providerRef(a) },
	"timeout": func(d *decoder, s *Step, a *attribute) {
		s.TimeoutSet = true
		d.positiveInto(a, &s.Timeout)
	},
}

var stepRules = &rules[Step]{
	what: "a step",
	attrs: withAttrs(checkRules.attrs, withAttrs(carrierAttrs, map[string]func(*decoder, *Step, *attribute){
		"effect": decodeEffect,
		"escalation": func(d *decoder, s *Step, a *attribute) {
			s.Escalation, s.escalationAt = d.expr(a), a.nameRng
		},
		"runs_on": func(d *decoder, s *Step, a *attribute) { s.RunsOn = d.text(a) },
	})),
	blocks: with(checkRules.blocks, map[string]blockRule[Step]{
		"precondition": {once: true, decode: func(d *decoder, s *Step, b *block) { s.Precondition = decodeCondition(d, b) }},
		"retry":        {once: true, decode: decodeRetry},
		"poll":         {once: true, decode: decodePoll},
		"approval":     {once: true, decode: decodeApproval},
		"undo":         {once: true, labels: []string{"action"}, decode: decodeUndo},
	}),
}

func withAttrs[T any](a, b map[string]func(*decoder, *T, *attribute)) map[string]func(*decoder, *T, *attribute) {
	for k, v := range a {
		b[k] = v
	}
	return b
}

func decodeStep(d *decoder, r *Runbook, b *block) {
	s := &Step{
		Action: b.labels[0], Name: b.labels[1], RunIf: RunIfSuccess, Timeout: defaultStepTimeout, Dir: d.dir,
		Range: b.rng, ActionRange: b.labelRngs[0], NameRange: b.labelRngs[1], Args: map[string]*Attr{},
	}
	more := &extra{take: func(a *attribute) { s.Args[a.name] = d.attr(a) }}
	d.findAction(s, more)
	decodeBody(d, stepRules, b.body, b.rng, s, more)
	s.waitsAtWill()
	d.mayWait(s, s.escalationAt)
	if s.Spec != nil && s.Spec.Spec().NeedsTimeout && !s.TimeoutSet {
		d.errorAt(s.NameRange, "Missing argument", "Step %q needs a timeout: interrupting %s does harm, so its author says how long it may take (timeout = \"5m\").", s.Name, s.Action)
	}
	d.addStep(r, s)
}

func decodeCheck(d *decoder, r *Runbook, b *block) {
	s := &Step{Name: b.labels[0], RunIf: RunIfSuccess, Dir: d.dir, Range: b.rng, NameRange: b.labelRngs[0]}
	decodeBody(d, checkRules, b.body, b.rng, s, nil)
	d.addStep(r, s)
}

func (d *decoder) addStep(r *Runbook, s *Step) {
	d.identifier(s.NameRange, "step", s.Name)
	if first, dup := d.stepNames[s.Name]; dup {
		d.errorAt(s.NameRange, "Duplicate step", "There is a step or check %q at %s already; names must differ, as both are step.%s to the rest.", s.Name, place(first), s.Name)
		return
	}
	d.stepNames[s.Name] = s.Range
	r.Steps = append(r.Steps, s)
}

// findAction looks the step's action up and reports what is not there; more then takes the action's arguments.
func (d *decoder) findAction(s *Step, more *extra) {
	switch {
	case s.Action == ChildAction:
		s.Provider, s.Spec = d.child, d.child.Actions[0]
	case d.registry == nil:
		return
	default:
		s.Provider, s.Spec = d.registry.Action(s.Action)
	}
	if s.Spec != nil {
		more.schema = s.Spec.Spec().Args()
		more.owner = "action \"" + s.Action + "\""
		return
	}
	d.unknownAction(s.ActionRange, s.Action, s.Provider)
}

func (d *decoder) unknownAction(at hcl.Range, name string, p *provider.Provider) {
	var all []string
	for _, p := range d.registry.Providers() {
		for _, a := range p.Actions {
			all = append(all, a.Spec().Name)
		}
	}
	all = append(all, ChildAction)
	if s := Suggest(name, all); s != "" {
		d.errorAt(at, "Unknown action", "There is no action %q; did you mean %q?", name, s)
		return
	}
	if p == nil {
		prefix, _, _ := strings.Cut(name, "_")
		var known []string
		for _, p := range d.registry.Providers() {
			known = append(known, p.Name)
		}
		d.errorAt(at, "Unknown action", "There is no action %q, as there is no provider %q. The providers are: %s.", name, prefix, listed(known))
		return
	}
	var own []string
	for _, a := range p.Actions {
		own = append(own, a.Spec().Name)
	}
	d.errorAt(at, "Unknown action", "There is no action %q. Provider %s has: %s.", name, p.Name, listed(own))
}

func decodeRunIf(d *decoder, s *Step, a *attribute) {
	s.RunIf = RunIf(d.oneOf(a, string(RunIfSuccess), string(RunIfNoneFailed), string(RunIfFailure), string(RunIfAlways)))
	if s.RunIf == "" {
		s.RunIf = RunIfSuccess
	}
}

func decodeEffect(d *decoder, s *Step, a *attribute) {
	if name := d.oneOf(a, effectNames()...); name != "" {
		// oneOf has reported every other name.
		if e, err := provider.ParseEffect(name); err == nil {
			s.Effect = &e
		}
	}
	s.EffectRange = a.rng
}

var retryRules = &rules[Retry]{
	what: "a retry block",
	attrs: map[string]func(*decoder, *Retry, *attribute){
		"attempts":  func(d *decoder, r *Retry, a *attribute) { r.Attempts = d.count(a, 1, defaultAttempts) },
		"delay":     func(d *decoder, r *Retry, a *attribute) { r.Delay = d.notNegative(a) },
		"max_delay": func(d *decoder, r *Retry, a *attribute) { d.positiveInto(a, &r.MaxDelay) },
		"backoff": func(d *decoder, r *Retry, a *attribute) {
			r.Constant = d.oneOf(a, "exponential", "constant") == "constant"
		},
		"writes": func(d *decoder, r *Retry, a *attribute) { r.Writes = d.flag(a, false) },
	},
}

func decodeRetry(d *decoder, s *Step, b *block) {
	s.Retry = &Retry{Attempts: defaultAttempts, Delay: defaultRetryDelay, MaxDelay: defaultMaxDelay, Range: b.rng}
	decodeBody(d, retryRules, b.body, b.rng, s.Retry, nil)
}

var pollRules = &rules[Poll]{
	what:     "a poll block",
	required: []string{"until"},
	attrs: map[string]func(*decoder, *Poll, *attribute){
		"until":    func(d *decoder, p *Poll, a *attribute) { p.Until = d.expr(a) },
		"interval": func(d *decoder, p *Poll, a *attribute) { d.positiveInto(a, &p.Interval) },
		"timeout":  func(d *decoder, p *Poll, a *attribute) { d.positiveInto(a, &p.Timeout) },
		"hold":     func(d *decoder, p *Poll, a *attribute) { p.Hold = d.notNegative(a) },
	},
}

func decodePoll(d *decoder, s *Step, b *block) {
	s.Poll = &Poll{Interval: defaultPollInterval, Timeout: defaultPollTimeout, Range: b.rng}
	decodeBody(d, pollRules, b.body, b.rng, s.Poll, nil)
	if s.Poll.Until == nil {
		s.Poll.Until = missingExpr(b.rng)
	}
	if s.Poll.Hold >= s.Poll.Timeout {
		d.errorAt(b.rng, "Hold longer than timeout", "until must stay true for %s, but the poll gives up after %s: it can never succeed.", s.Poll.Hold, s.Poll.Timeout)
	}
}
