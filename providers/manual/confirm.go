package manual

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type confirmArgs struct {
	Prompt    string    `rb:"prompt,required,filled" doc:"What is asked; the answer is yes or no."`
	OnTimeout cty.Value `rb:"on_timeout" doc:"When the step's timeout is over: \"fail\" (also without this), \"escalate\" (the next contact of the escalation is called, and the question stays), or the answer that counts then, true or false."`
}

type confirmResult struct {
	Answer bool      `rb:"answer" doc:"True: yes."`
	By     string    `rb:"by" doc:"Who answered, \"alice@ops\"."`
	At     time.Time `rb:"at" doc:"When."`
	Note   *string   `rb:"note" doc:"What they said about it; null: nothing."`
}

func confirm() provider.Action {
	return provider.Define(provider.Definition[client, confirmArgs, confirmResult]{
		Name: "manual_confirm", Doc: "Asks a person to confirm something; a no is a fail.", Effect: provider.Read,
		Ask: askConfirm,
		Run: func(_ context.Context, in *provider.In[client, confirmArgs]) (*confirmResult, error) {
			yes, err := answerOf[bool]("manual_confirm", in.Answer, "true or false")
			if err != nil {
				return nil, err
			}
			return &confirmResult{Answer: yes, By: in.Answer.By, At: in.Answer.At, Note: noteOf(in.Answer.Note)}, nil
		},
		Summarize: func(r *confirmResult) string {
			if r.Answer {
				return "confirmed by " + r.By
			}
			return "denied by " + r.By
		},
		Expect: func(args *confirmArgs, r *confirmResult) *provider.Failure {
			if r.Answer {
				return nil
			}
			note := ""
			if r.Note != nil {
				note = *r.Note
			}
			return &provider.Failure{Message: withNote(fmt.Sprintf("%s answered no to %q", r.By, args.Prompt), note) + "."}
		},
	})
}

func askConfirm(args *confirmArgs) (*provider.Question, error) {
	up, err := timeUpOf(args.OnTimeout, func(v cty.Value) (json.RawMessage, error) {
		if v.Type() != cty.Bool {
			return nil, fmt.Errorf("a confirmation is true or false")
		}
		return json.Marshal(v.True())
	})
	if err != nil {
		return nil, err
	}
	return &provider.Question{Kind: "confirm", Prompt: args.Prompt, OnTimeout: up.on, TimeoutAnswer: up.answer}, nil
}

func noteOf(note string) *string {
	if note == "" {
		return nil
	}
	return &note
}
