package policy

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// Use is what a step, its undo, or the notifier of a level is about to do.
type Use struct {
	Step *lang.Step
	// Undo is true for the step's undo: whoever approved the step approved that too.
	Undo bool
	// Notifies is true where Step is a notifier, which stands in an escalation and has no approval of its own.
	Notifies bool
	// Effect is what it does, see [Judged].
	Effect provider.Effect
	// Args are its arguments, an object of its action's type; what is not known yet is unknown, what is not given null.
	Args cty.Value
}

// carrier is the step that holds the action.
func (u *Use) carrier() *lang.Step {
	if u.Undo {
		return u.Step.Undo.Step
	}
	return u.Step
}

func (u *Use) name() string {
	switch {
	case u.Undo:
		return fmt.Sprintf("the undo of step %q", u.Step.Name)
	case u.Notifies:
		return "the notifier of " + u.Step.Name
	}
	return fmt.Sprintf("step %q", u.Step.Name)
}

// Check says what the policies do not allow; all of them must allow it. A check and a step that runs a runbook are
// always allowed: the steps of that runbook are held to the policies themselves.
func Check(policies []*lang.Policy, u Use) hcl.Diagnostics {
	s := u.carrier()
	if s.IsCheck() || s.Action == lang.ChildAction || s.Provider == nil {
		return nil
	}
	var diags hcl.Diagnostics
	for _, p := range policies {
		diags = append(diags, one(p, &u, s)...)
	}
	return diags
}

func one(p *lang.Policy, u *Use, s *lang.Step) hcl.Diagnostics {
	var diags hcl.Diagnostics
	refuse := func(at hcl.Range, attribute, value, format string, args ...any) {
		if slices.Contains(p.Faulty, attribute) {
			return
		}
		subject := s.Range
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Not allowed by the policy", Subject: &subject,
			Detail: fmt.Sprintf(format, args...) + fmt.Sprintf("\n  %s:%d: %s = %s\n  %s:%d: %s", at.Filename, at.Start.Line, attribute, value,
				subject.Filename, subject.Start.Line, header(u, s)),
		})
	}
	if p.Effects != nil && !slices.Contains(p.Effects, u.Effect) {
		refuse(p.EffectsRange, "effects", effectList(p.Effects), "The effect of %s is %q, which the policy does not allow.", u.name(), u.Effect)
	}
	if p.Providers != nil && !slices.Contains(p.Providers, s.Provider.Name) {
		refuse(p.ProvidersRange, "providers", list(p.Providers), "The policy does not allow provider %s, through which %s works.", s.Provider.Name, u.name())
	}
	if slices.Contains(p.Approve, u.Effect) && u.Step.Approval == nil && !u.Notifies {
		refuse(p.ApproveRange, "approve", effectList(p.Approve),
			"The effect of %s is %q, for which the policy demands an approval. Write approval { … } into the step.", u.name(), u.Effect)
	}
	if program, known := programOf(s, u.Args); known && p.Commands != nil && !allows(p, program, s) {
		refuse(p.CommandsRange, "commands", list(p.Commands), "The policy does not allow the program %s, which %s starts.", quoted(program), u.name())
	}
	return diags
}

// allows reports whether the policy lists the program that a step starts. A path that is not absolute starts in the folder of the file that
// has it: "./deploy.sh" of a workspace is not that of a folder below.
func allows(p *lang.Policy, program string, s *lang.Step) bool {
	program = located(program, s.Range.Filename)
	return slices.ContainsFunc(p.Commands, func(listed string) bool { return located(listed, p.Range.Filename) == program })
}

func located(program, file string) string {
	if !strings.Contains(program, "/") || filepath.IsAbs(program) {
		return program
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return program
	}
	return filepath.Join(folder, program)
}

// programOf is the program that an action starts; false where it starts none, or that is not known.
func programOf(s *lang.Step, args cty.Value) (string, bool) {
	if s.Spec == nil {
		return "", false
	}
	return s.Spec.Spec().Program(args)
}

func header(u *Use, s *lang.Step) string {
	switch {
	case u.Undo:
		return fmt.Sprintf("undo %q", s.Action)
	case u.Notifies:
		return fmt.Sprintf("notify %q", s.Action)
	}
	return fmt.Sprintf("step %q %q", s.Action, s.Name)
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }

func list(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quoted(t)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func effectList(effects []provider.Effect) string {
	texts := make([]string, len(effects))
	for i, e := range effects {
		texts[i] = e.String()
	}
	return list(texts)
}

// AtLeast is the effect that a step surely has: what its author states, and what its action does whatever the arguments are that are
// not known.
func AtLeast(s *lang.Step, args cty.Value) provider.Effect {
	if s.Spec == nil {
		return provider.Read
	}
	return Stated(s, s.Spec.Spec().AtLeast(args))
}

// AtMost is the worst effect that a step may have: what its author states, and what its action does with these arguments, where those that
// are not known may be anything. Unsure says that they decide whether it is as bad as that.
func AtMost(s *lang.Step, args cty.Value) (effect provider.Effect, unsure bool) {
	effect = Stated(s, s.Spec.Spec().Classify(args))
	return effect, effect > provider.Read && AtLeast(s, args) != effect
}

// Judged is the effect that policies go by: what is sure, and the worst where all is known that the effect depends on, as nothing tells more of it
// before it acts.
func Judged(s *lang.Step, args cty.Value) provider.Effect {
	if s.Spec != nil && s.Spec.Spec().EffectKnown(args) {
		return Stated(s, s.Spec.Spec().Classify(args))
	}
	return AtLeast(s, args)
}

// Stated joins what the action of a step declares with what the author states, who may raise an effect, and states it where the action
// can't know.
func Stated(s *lang.Step, declared provider.Effect) provider.Effect {
	if s.Effect == nil {
		return declared
	}
	if s.Spec.Spec().AuthorStatesEffect {
		return *s.Effect
	}
	return max(declared, *s.Effect)
}
