package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// questions keeps what a step will ask people, as far as it is known. What is wrong with a question, the step says when it asks.
func (p *planner) questions(s *lang.Step, out *PlannedStep, args cty.Value, instances []lang.Frame) {
	asker, ok := s.Spec.(provider.Asker)
	if !ok || !s.Spec.Spec().Asks {
		return
	}
	out.questions = map[string]*run.Question{}
	draft := func(key string, args cty.Value) {
		if asked, err := asker.Draft(args); err == nil && asked != nil {
			out.questions[key] = local.QuestionOf(asked)
		}
	}
	if s.ForEach == nil {
		draft("", args)
		return
	}
	for i, key := range out.Keys {
		draft(key, p.known(s, instances[i]))
	}
}

// CheckAnswer says why an answer that is given beforehand is none to the step or the instance of an address, as far as that
// is known before the run: there is no such step or instance, or the answer does not fit its question.
func (p *Plan) CheckAnswer(address, text string) error {
	steps, prefix := p.Steps, ""
	for rest := address; ; {
		head, below := run.SplitAddress(rest)
		step := named(steps, prefix+run.StepName(head))
		if step == nil {
			return fmt.Errorf("there is no step %s", prefix+head)
		}
		key, err := step.key(head)
		if err != nil {
			return err
		}
		if below == "" {
			if q := step.questions[key]; q != nil {
				_, err = q.Beforehand(text)
			}
			return err
		}
		steps, prefix, rest = step.Steps, step.Name+"/", below
	}
}

func named(steps []PlannedStep, name string) *PlannedStep {
	for i := range steps {
		if steps[i].Name == name {
			return &steps[i]
		}
	}
	return nil
}

// key is the key in a part of an address; an error where the step has no such instance.
func (s *PlannedStep) key(part string) (string, error) {
	text, keyed := strings.CutPrefix(part, run.StepName(part)+"[")
	if !keyed || !s.ForEach {
		return "", nil
	}
	key, err := strconv.Unquote(strings.TrimSuffix(text, "]"))
	if err != nil {
		return "", fmt.Errorf("%s: write the key in double quotes", part)
	}
	if s.Expands {
		return key, nil
	}
	for _, one := range s.Keys {
		if one == key {
			return key, nil
		}
	}
	var all []string
	for _, one := range s.Keys {
		all = append(all, run.Address(run.StepName(part), one, true))
	}
	return "", fmt.Errorf("there is no instance %s; these are: %s", part, strings.Join(all, ", "))
}
