package manual

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// config is empty: people are asked through the engine.
type config struct{}

type client struct{}

// New declares the provider.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, client]{
		Name: "manual", Doc: "People: what they confirm, tick off or tell.",
		Open:    func(context.Context, provider.Open[config]) (client, error) { return client{}, nil },
		Actions: []provider.Action{confirm(), checklist(), input()},
		Checks:  map[string]provider.Check{"checklist_item": checkItem},
	})
}

// answerOf reads the answer to a question into a T. An answer of another kind is no use to another attempt.
func answerOf[T any](op string, answer *provider.Answer, want string) (T, error) {
	var value *T
	if answer == nil {
		return *new(T), wrong(op, errors.New("nobody has answered"))
	}
	if err := json.Unmarshal(answer.Value, &value); err != nil || value == nil {
		return *new(T), wrong(op, fmt.Errorf("the answer is %s, expected %s", answer.Value, want))
	}
	return *value, nil
}

func wrong(op string, err error) error {
	return &provider.Error{Op: op, Err: err, NothingDone: true, Permanent: true}
}

// timeUp is what becomes of a question that nobody answers in time.
type timeUp struct {
	// on is "fail", "escalate" or "default"; answer belongs to the last.
	on     string
	answer json.RawMessage
}

// timeUpOf reads the argument on_timeout: one of two words, else an answer, which value makes.
func timeUpOf(v cty.Value, value func(cty.Value) (json.RawMessage, error)) (timeUp, error) {
	if v == cty.NilVal || v.IsNull() {
		return timeUp{on: "fail"}, nil
	}
	if v.Type() == cty.String && (v.AsString() == "fail" || v.AsString() == "escalate") {
		return timeUp{on: v.AsString()}, nil
	}
	answer, err := value(v)
	if err != nil {
		return timeUp{}, fmt.Errorf("on_timeout: it is \"fail\", \"escalate\" or the answer that counts then: %w", err)
	}
	return timeUp{on: "default", answer: answer}, nil
}

// withNote ends a sentence with what somebody else said.
func withNote(sentence, note string) string {
	if note = strings.TrimSpace(note); note != "" {
		return sentence + " (" + note + ")"
	}
	return sentence
}
