package provider

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Question is what an action asks a person before it runs.
type Question struct {
	// Kind is "confirm" (yes or no), "checklist" (which of Items are done) or "input" (a value of Type).
	Kind   string
	Prompt string
	Items  []string
	// AllRequired says that an item left unchecked fails the step.
	AllRequired bool
	// Type is "string", "number" or "bool".
	Type    string
	Choices []string
	// Pattern (RE2) must match an input whole.
	Pattern string
	// Default is the answer when somebody only presses return, as JSON; nil: none.
	Default json.RawMessage
	// Sensitive says that nobody may see the answer: it is not echoed, and encrypted wherever it is kept.
	Sensitive bool
	// OnTimeout is "fail" (also when empty), "escalate" or "default": then TimeoutAnswer, as JSON, is the answer.
	OnTimeout     string
	TimeoutAnswer json.RawMessage
}

// Answer is what a person said.
type Answer struct {
	// Value is JSON: true or false, a list of the checked items, or an input's value.
	Value json.RawMessage
	// By is who said it, "alice@ops"; At when; Note what else they said, Notes by item of a checklist.
	By    string
	At    time.Time
	Note  string
	Notes map[string]string
}

// Asker is an [Action] that a person must answer first. Actions made with Definition.Ask are.
type Asker interface {
	// Question gives what to ask for these arguments, an object of Spec.Args' type.
	Question(args cty.Value) (*Question, error)
	// Draft is Question before all arguments are known: what only words it may be unknown, the prompt and what happens when
	// nobody answers in time. Nil: more is unknown, so that it can't be told which answers fit.
	Draft(args cty.Value) (*Question, error)
}

var _ Asker = (*action[any, struct{}, struct{}])(nil)

// Question implements [Asker]; it is an error for an action that asks nobody.
func (a *action[K, A, R]) Question(args cty.Value) (*Question, error) {
	if a.def.Ask == nil {
		return nil, fmt.Errorf("%s asks nobody", a.spec.Name)
	}
	decoded := new(A)
	if err := a.spec.Args().Decode(args, decoded); err != nil {
		return nil, err
	}
	return a.def.Ask(decoded)
}

// words are the arguments of an action that asks which don't decide what answers fit.
var words = map[string]bool{"prompt": true, "on_timeout": true}

// Draft implements [Asker].
func (a *action[K, A, R]) Draft(args cty.Value) (*Question, error) {
	if args.IsWhollyKnown() {
		return a.Question(args)
	}
	if a.def.Ask == nil {
		return nil, fmt.Errorf("%s asks nobody", a.spec.Name)
	}
	decoded := new(A)
	known, err := a.spec.Args().decodeKnown(args, decoded)
	if err != nil {
		return nil, err
	}
	for _, attribute := range a.spec.Args().Attributes {
		if !known(attribute.Name) && !words[attribute.Name] {
			return nil, nil
		}
	}
	return a.def.Ask(decoded)
}
