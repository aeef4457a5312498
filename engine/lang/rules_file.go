package lang

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const defaultMaxParallel = 16

// sharedBlocks may stand in a runbook and in a workspace.
var sharedBlocks = map[string]blockRule[Runbook]{
	"variable":    {labels: []string{"name"}, decode: decodeVariable},
	"locals":      {decode: decodeLocals},
	"provider":    {labels: []string{"provider"}, decode: decodeProvider},
	"contact":     {labels: []string{"name"}, decode: decodeContact},
	"escalation":  {labels: []string{"name"}, decode: decodeEscalation},
	"environment": {labels: []string{"name"}, decode: decodeEnvironment},
	"policy": {once: true, decode: func(d *decoder, r *Runbook, b *block) {
		r.Policies = append(r.Policies, decodePolicy(d, b))
	}},
}

var fileRules = &rules[Runbook]{
	what: "a runbook file",
	blocks: with(sharedBlocks, map[string]blockRule[Runbook]{
		"runbook": {labels: []string{"name"}, decode: decodeRunbook},
		"step":    {labels: []string{"action", "name"}, decode: decodeStep},
		"check":   {labels: []string{"name"}, decode: decodeCheck},
		"output":  {labels: []string{"name"}, decode: decodeOutput},
	}),
}

var workspaceRules = &rules[Runbook]{
	what: "a workspace file",
	blocks: with(sharedBlocks, map[string]blockRule[Runbook]{
		"runbook": {labels: []string{"name"}, decode: notInWorkspace},
		"step":    {labels: []string{"action", "name"}, decode: notInWorkspace},
		"check":   {labels: []string{"name"}, decode: notInWorkspace},
		"output":  {labels: []string{"name"}, decode: notInWorkspace},
	}),
}

func with[T any](a, b map[string]blockRule[T]) map[string]blockRule[T] {
	for k, v := range a {
		b[k] = v
	}
	return b
}

func notInWorkspace(d *decoder, _ *Runbook, b *block) {
	d.errorAt(b.rng, "Not in a workspace", "A workspace file has no %s block: it holds what many runbooks share. Move it into a runbook's file.", b.kind)
}

var runbookRules = &rules[Runbook]{
	what: "the runbook block",
	attrs: map[string]func(*decoder, *Runbook, *attribute){
		"title":        func(d *decoder, r *Runbook, a *attribute) { r.Title = d.text(a) },
		"description":  func(d *decoder, r *Runbook, a *attribute) { r.Description = d.text(a) },
		"owner":        func(d *decoder, r *Runbook, a *attribute) { r.Owner = d.expr(a) },
		"severity":     func(d *decoder, r *Runbook, a *attribute) { r.Severity = d.oneOf(a, "P1", "P2", "P3", "P4") },
		"mttr_target":  func(d *decoder, r *Runbook, a *attribute) { r.MTTRTarget = d.positive(a) },
		"tags":         func(d *decoder, r *Runbook, a *attribute) { r.Tags = d.texts(a) },
		"issue":        func(d *decoder, r *Runbook, a *attribute) { r.Issue = d.text(a) },
		"timeout":      func(d *decoder, r *Runbook, a *attribute) { r.Timeout = d.positive(a) },
		"max_parallel": func(d *decoder, r *Runbook, a *attribute) { r.MaxParallel = d.count(a, 1, defaultMaxParallel) },
		"on_failure": func(d *decoder, r *Runbook, a *attribute) {
			r.StopOnFailure = d.oneOf(a, "continue", "stop") == "stop"
		},
		"lock": decodeLock,
	},
	blocks: map[string]blockRule[Runbook]{
		"schedule": {once: true, decode: decodeSchedule},
	},
}

var runbookName = regexp.MustCompile(`^[a-z0-9]+(-+[a-z0-9]+)*$`)

func decodeRunbook(d *decoder, r *Runbook, b *block) {
	if !d.runbookAt.Empty() {
		d.errorAt(b.rng, "Two runbooks", "A file holds one runbook block, and there is one at %s already.", place(d.runbookAt))
		return
	}
	d.runbookAt = b.rng
	r.Name = b.labels[0]
	r.Range = b.rng
	if !runbookName.MatchString(r.Name) && !d.syntaxErrors {
		d.errorAt(b.labelRngs[0], "Bad name", "A runbook's name has lower-case letters, digits and hyphens between them, such as \"morning-health-check\".")
	}
	decodeBody(d, runbookRules, b.body, b.rng, r, nil)
}

// lockName keeps a lock's name to what can be typed after `runbook unlock` without quotes. What begins with "run/" is
// the engine's own.
var lockName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}$`)

func decodeLock(d *decoder, r *Runbook, a *attribute) {
	v, ok := d.constant(a, cty.String, "a name in quotes")
	if !ok {
		return
	}
	name := v.AsString()
	switch {
	case !lockName.MatchString(name):
		d.errorAt(a.raw.Range(), "Bad name", "A lock's name has up to 100 letters, digits, dots, slashes, colons, underscores and hyphens, and begins with a letter or a digit, such as \"deploy-api\".")
	case strings.HasPrefix(name, "run/"):
		d.errorAt(a.raw.Range(), "Bad name", "Names that begin with \"run/\" are those of the locks that each run holds; choose another.")
	default:
		r.Lock = name
	}
}

var scheduleRules = &rules[Schedule]{
	what:     "a schedule block",
	required: []string{"cron"},
	attrs: map[string]func(*decoder, *Schedule, *attribute){
		"cron":     func(d *decoder, s *Schedule, a *attribute) { s.Cron, s.CronRange = d.text(a), a.raw.Range() },
		"timezone": func(d *decoder, s *Schedule, a *attribute) { s.Timezone, s.TimezoneRange = d.text(a), a.raw.Range() },
	},
}

func decodeSchedule(d *decoder, r *Runbook, b *block) {
	r.Schedule = &Schedule{Range: b.rng}
	decodeBody(d, scheduleRules, b.body, b.rng, r.Schedule, nil)
}

// identifier reports a label that can't stand in a reference.
func (d *decoder) identifier(at hcl.Range, what, name string) {
	if !hclsyntax.ValidIdentifier(name) && !d.syntaxErrors {
		d.errorAt(at, "Bad name", "%q can't be the name of %s: a name begins with a letter and has letters, digits, underscores and hyphens.", name, withArticle(what))
	}
}
