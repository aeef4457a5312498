package lang

import "fmt"

var contactRules = &rules[Contact]{
	what: "a contact block",
	attrs: map[string]func(*decoder, *Contact, *attribute){
		"name":      func(d *decoder, c *Contact, a *attribute) { c.Name = d.text(a) },
		"role":      func(d *decoder, c *Contact, a *attribute) { c.Role = d.text(a) },
		"phone":     func(d *decoder, c *Contact, a *attribute) { c.Phone = d.text(a) },
		"email":     func(d *decoder, c *Contact, a *attribute) { c.Email = d.text(a) },
		"slack":     func(d *decoder, c *Contact, a *attribute) { c.Slack = d.text(a) },
		"pagerduty": func(d *decoder, c *Contact, a *attribute) { c.PagerDuty = d.text(a) },
		"url":       func(d *decoder, c *Contact, a *attribute) { c.URL = d.text(a) },
		"hours":     func(d *decoder, c *Contact, a *attribute) { c.Hours = d.text(a) },
	},
}

func decodeContact(d *decoder, r *Runbook, b *block) {
	c := &Contact{ID: b.labels[0], Range: b.rng}
	d.identifier(b.labelRngs[0], "contact", c.ID)
	decodeBody(d, contactRules, b.body, b.rng, c, nil)
	if first := r.Contacts[c.ID]; first != nil {
		d.duplicate(b.rng, "contact", c.ID, first.Range)
		return
	}
	r.Contacts[c.ID] = c
}

var escalationRules = &rules[Escalation]{
	what: "an escalation block",
	blocks: map[string]blockRule[Escalation]{
		"level": {decode: decodeLevel},
	},
}

var levelRules = &rules[Level]{
	what:     "a level block",
	required: []string{"contact"},
	attrs: map[string]func(*decoder, *Level, *attribute){
		"contact": func(d *decoder, l *Level, a *attribute) { l.Contact = d.expr(a) },
		"after":   func(d *decoder, l *Level, a *attribute) { l.After = d.notNegative(a) },
		"brief":   func(d *decoder, l *Level, a *attribute) { l.Brief = d.text(a) },
	},
	blocks: map[string]blockRule[Level]{
		"notify": {once: true, labels: []string{"action"}, decode: decodeNotify},
	},
}

func decodeLevel(d *decoder, e *Escalation, b *block) {
	l := &Level{Range: b.rng}
	decodeBody(d, levelRules, b.body, b.rng, l, nil)
	if l.Contact == nil {
		l.Contact = missingExpr(b.rng)
	}
	e.Levels = append(e.Levels, l)
	if l.Notify != nil {
		l.Notify.Name = fmt.Sprintf("level %d of escalation %q", len(e.Levels), e.Name)
	}
}

var notifyRules = &rules[Step]{
	what:   "a notify block",
	attrs:  carrierAttrs,
	blocks: map[string]blockRule[Step]{"retry": {once: true, decode: decodeRetry}},
}

func decodeNotify(d *decoder, l *Level, b *block) {
	s := d.carrier(b)
	more := &extra{take: func(a *attribute) { s.Args[a.name] = d.attr(a) }}
	d.findAction(s, more)
	decodeBody(d, notifyRules, b.body, b.rng, s, more)
	switch {
	case s.Action == ChildAction || s.asks():
		d.errorAt(s.ActionRange, "Can't notify", "A notifier is one action that tells somebody something and waits for nobody; %s is not.", s.Action)
		return
	case s.Spec != nil && s.Spec.Spec().NeedsTimeout && !s.TimeoutSet:
		d.errorAt(b.rng, "Missing argument", "This notifier needs a timeout: interrupting %s does harm, so its author says how long it may take (timeout = \"1m\").", s.Action)
	}
	l.Notify = s
}

func decodeEscalation(d *decoder, r *Runbook, b *block) {
	e := &Escalation{Name: b.labels[0], Range: b.rng}
	d.identifier(b.labelRngs[0], "escalation", e.Name)
	decodeBody(d, escalationRules, b.body, b.rng, e, nil)
	if first := r.Escalations[e.Name]; first != nil {
		d.duplicate(b.rng, "escalation", e.Name, first.Range)
		return
	}
	r.Escalations[e.Name] = e
}
