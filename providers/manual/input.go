package manual

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
)

type inputArgs struct {
	Prompt    string    `rb:"prompt,required,filled" doc:"What is asked."`
	Type      string    `rb:"type" default:"string" one_of:"string,number,bool" doc:"What kind of value it is."`
	Choices   []string  `rb:"choices,filled" doc:"The values that may be given; without it, any." public:"who answers has to read them; write other words, and look up what they stand for by the answer, as in { old = …, new = … }[step.x.value]"`
	Default   cty.Value `rb:"default" doc:"The value of somebody who only presses return."`
	Pattern   string    `rb:"pattern" check:"regex" doc:"What a text must match, whole (RE2)."`
	Sensitive bool      `rb:"sensitive" doc:"Nobody may see the value: it is not shown while it is typed nor anywhere later, and encrypted wherever it is kept. It goes with neither choices nor a default."`
	OnTimeout cty.Value `rb:"on_timeout" doc:"When the step's timeout is over: \"fail\" (also without this), \"escalate\" (the next contact of the escalation is called, and the question stays), or the value that counts then."`
}

type inputResult struct {
	Value cty.Value `rb:"value" doc:"The value, of the type that was asked for."`
	By    string    `rb:"by" doc:"Who answered, \"alice@ops\"."`
	At    time.Time `rb:"at" doc:"When."`
}

var inputTypes = map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}

func input() provider.Action {
	return provider.Define(provider.Definition[client, inputArgs, inputResult]{
		Name: "manual_input", Doc: "Asks a person for a value.", Effect: provider.Read,
		AtMostOne: [][]string{{"sensitive", "choices"}, {"sensitive", "default"}},
		Ask:       askInput,
		Run: func(_ context.Context, in *provider.In[client, inputArgs]) (*inputResult, error) {
			raw, err := answerOf[json.RawMessage]("manual_input", in.Answer, "a "+in.Args.Type)
			if err != nil {
				return nil, err
			}
			value, err := ctyjson.Unmarshal(raw, inputTypes[in.Args.Type])
			if err != nil {
				return nil, wrong("manual_input", fmt.Errorf("the answer is %s, expected a %s", in.Args.shown(string(raw)), in.Args.Type))
			}
			if err := in.Args.fits(value); err != nil {
				return nil, wrong("manual_input", err)
			}
			if in.Args.Sensitive {
				value = value.Mark(provider.Sensitive)
			}
			return &inputResult{Value: value, By: in.Answer.By, At: in.Answer.At}, nil
		},
		Summarize: func(r *inputResult) string {
			if r.Value.IsMarked() {
				return "a sensitive value, from " + r.By
			}
			return textOf(r.Value) + ", from " + r.By
		},
	})
}

// textOf is a value as a person writes it.
func textOf(v cty.Value) string {
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return ""
	}
	return text.AsString()
}

// shown is an answer as an error may repeat it.
func (a *inputArgs) shown(text string) string {
	if a.Sensitive {
		return "sensitive"
	}
	return text
}

// fits holds a value of the right type against the choices and the pattern.
func (a *inputArgs) fits(v cty.Value) error {
	text := textOf(v)
	if len(a.Choices) > 0 && !slices.ContainsFunc(a.Choices, func(choice string) bool { return a.same(choice, v) }) {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(a.Choices, ", "))
	}
	if a.Pattern == "" {
		return nil
	}
	pattern, err := regexp.Compile(`\A(?:` + a.Pattern + `)\z`)
	if err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	if !pattern.MatchString(text) {
		if a.Sensitive {
			return fmt.Errorf("the answer does not match the pattern %s", a.Pattern)
		}
		return fmt.Errorf("%q does not match the pattern %s", text, a.Pattern)
	}
	return nil
}

// same compares a choice as a value of the type: "3.0" is 3.
func (a *inputArgs) same(choice string, v cty.Value) bool {
	converted, err := convert.Convert(cty.StringVal(choice), v.Type())
	return err == nil && converted.RawEquals(v)
}

// answer makes the JSON of a value that the author gives in place of a person.
func (a *inputArgs) answer(v cty.Value) (json.RawMessage, error) {
	want := inputTypes[a.Type]
	converted, err := convert.Convert(v, want)
	if err != nil || converted.IsNull() {
		return nil, fmt.Errorf("a %s", a.Type)
	}
	if err := a.fits(converted); err != nil {
		return nil, err
	}
	return ctyjson.Marshal(converted, want)
}

func askInput(args *inputArgs) (*provider.Question, error) {
	q := &provider.Question{Kind: "input", Prompt: args.Prompt, Type: args.Type, Choices: args.Choices, Pattern: args.Pattern, Sensitive: args.Sensitive}
	for _, choice := range args.Choices {
		if _, err := convert.Convert(cty.StringVal(choice), inputTypes[args.Type]); err != nil {
			return nil, fmt.Errorf("choices: %q is not a %s", choice, args.Type)
		}
	}
	if args.Default != cty.NilVal && !args.Default.IsNull() {
		answer, err := args.answer(args.Default)
		if err != nil {
			return nil, fmt.Errorf("default: it must be an answer itself: %w", err)
		}
		q.Default = answer
	}
	up, err := timeUpOf(args.OnTimeout, args.answer)
	if err != nil {
		return nil, err
	}
	if args.Sensitive && up.answer != nil {
		return nil, errors.New("on_timeout: a sensitive value has no answer that everybody can read in the file; it is \"fail\" or \"escalate\"")
	}
	q.OnTimeout, q.TimeoutAnswer = up.on, up.answer
	return q, nil
}
