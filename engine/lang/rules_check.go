package lang

var assertRules = &rules[Assert]{
	what:     "an assert block",
	required: []string{"condition"},
	attrs: map[string]func(*decoder, *Assert, *attribute){
		"condition":     func(d *decoder, t *Assert, a *attribute) { t.Condition = d.expr(a) },
		"error_message": func(d *decoder, t *Assert, a *attribute) { t.ErrorMessage = d.expr(a) },
		"severity": func(d *decoder, t *Assert, a *attribute) {
			if s := d.oneOf(a, string(SeverityFail), string(SeverityWarn), string(SeverityInfo)); s != "" {
				t.Severity = Severity(s)
			}
		},
		"allow_empty": func(d *decoder, t *Assert, a *attribute) { t.AllowEmpty = d.flag(a, false) },
	},
	blocks: map[string]blockRule[Assert]{
		"remedy": {decode: func(d *decoder, t *Assert, b *block) { t.Remedies = append(t.Remedies, decodeRemedy(d, b)) }},
	},
}

func decodeAssert(d *decoder, b *block) *Assert {
	t := &Assert{Severity: SeverityFail, Range: b.rng}
	decodeBody(d, assertRules, b.body, b.rng, t, nil)
	if t.Condition == nil {
		t.Condition = missingExpr(b.rng)
	}
	return t
}

var thresholdRules = &rules[Threshold]{
	what:     "a threshold block",
	required: []string{"value"},
	attrs: map[string]func(*decoder, *Threshold, *attribute){
		"value":  func(d *decoder, t *Threshold, a *attribute) { t.Value = d.expr(a) },
		"unit":   func(d *decoder, t *Threshold, a *attribute) { t.Unit = d.text(a) },
		"expect": func(d *decoder, t *Threshold, a *attribute) { t.Expect = d.expr(a) },
		"warn":   func(d *decoder, t *Threshold, a *attribute) { t.Warn = d.expr(a) },
	},
	blocks: map[string]blockRule[Threshold]{
		"remedy": {decode: func(d *decoder, t *Threshold, b *block) { t.Remedies = append(t.Remedies, decodeRemedy(d, b)) }},
	},
}

func decodeThreshold(d *decoder, s *Step, b *block) *Threshold {
	t := &Threshold{Name: b.labels[0], Range: b.rng}
	decodeBody(d, thresholdRules, b.body, b.rng, t, nil)
	if t.Value == nil {
		t.Value = missingExpr(b.rng)
	}
	if t.Expect == nil && t.Warn == nil {
		d.errorAt(b.rng, "Missing argument", "Threshold %q says neither what must hold (expect = value < 80) nor what is worth a warning (warn = value > 60).", t.Name)
	}
	for _, other := range s.Thresholds {
		if other.Name == t.Name {
			// Its history is kept under this name.
			d.duplicate(b.rng, "threshold", t.Name, other.Range)
		}
	}
	return t
}

var remedyRules = &rules[Remedy]{
	what: "a remedy block",
	attrs: map[string]func(*decoder, *Remedy, *attribute){
		"text":       func(d *decoder, r *Remedy, a *attribute) { r.Text = d.expr(a) },
		"guide":      func(d *decoder, r *Remedy, a *attribute) { r.Guide = d.expr(a) },
		"contact":    func(d *decoder, r *Remedy, a *attribute) { r.Contact = d.expr(a) },
		"escalation": func(d *decoder, r *Remedy, a *attribute) { r.Escalation = d.expr(a) },
	},
}

func decodeRemedy(d *decoder, b *block) *Remedy {
	r := &Remedy{Range: b.rng}
	decodeBody(d, remedyRules, b.body, b.rng, r, nil)
	return r
}
