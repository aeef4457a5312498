package lang

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
}

func decodeLevel(d *decoder, e *Escalation, b *block) {
	l := &Level{}
	decodeBody(d, levelRules, b.body, b.rng, l, nil)
	if l.Contact == nil {
		l.Contact = missingExpr(b.rng)
	}
	e.Levels = append(e.Levels, l)
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
