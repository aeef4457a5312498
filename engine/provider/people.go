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
