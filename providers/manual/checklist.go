package manual

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type checklistArgs struct {
	Items       []string  `rb:"items,required,filled" check:"checklist_item" doc:"What is to be done or looked at, in order." public:"who answers has to read them; say in other words what is meant, or show it with nonsensitive(…)"`
	Prompt      string    `rb:"prompt" doc:"What the list is about."`
	AllRequired bool      `rb:"all_required" default:"false" doc:"Whether an item that is left unchecked is a fail; otherwise assertions on the result say what it means."`
	OnTimeout   cty.Value `rb:"on_timeout" doc:"When the step's timeout is over: \"fail\" (also without this), \"escalate\" (the next contact of the escalation is called, and the question stays), or the list of items that count as checked then."`
}

type checklistResult struct {
	Checked   []string          `rb:"checked" doc:"The items that were checked, in the order of the list."`
	Unchecked []string          `rb:"unchecked" doc:"The others."`
	Notes     map[string]string `rb:"notes" doc:"What was said about single items, by item."`
	By        string            `rb:"by" doc:"Who answered, \"alice@ops\"."`
	At        time.Time         `rb:"at" doc:"When."`
}

func checklist() provider.Action {
	return provider.Define(provider.Definition[client, checklistArgs, checklistResult]{
		Name: "manual_checklist", Doc: "Asks a person to tick off a list.", Effect: provider.Read,
		Ask: askChecklist, Run: tickedOff,
		Summarize: func(r *checklistResult) string {
			return fmt.Sprintf("%d of %d checked by %s", len(r.Checked), len(r.Checked)+len(r.Unchecked), r.By)
		},
		Expect: func(args *checklistArgs, r *checklistResult) *provider.Failure {
			if !args.AllRequired || len(r.Unchecked) == 0 {
				return nil
			}
			return &provider.Failure{Message: r.By + " left unchecked: " + unchecked(r) + "."}
		},
	})
}

// unchecked lists the open items, each with what was said about it.
func unchecked(r *checklistResult) string {
	var open []string
	for _, item := range r.Unchecked {
		open = append(open, withNote(fmt.Sprintf("%q", item), r.Notes[item]))
	}
	return strings.Join(open, ", ")
}

func tickedOff(_ context.Context, in *provider.In[client, checklistArgs]) (*checklistResult, error) {
	checked, err := answerOf[[]string]("manual_checklist", in.Answer, "a list of items")
	if err != nil {
		return nil, err
	}
	if err := areItems(in.Args.Items, checked); err != nil {
		return nil, wrong("manual_checklist", err)
	}
	r := &checklistResult{Checked: []string{}, Unchecked: []string{}, Notes: map[string]string{}, By: in.Answer.By, At: in.Answer.At}
	for _, item := range in.Args.Items {
		if slices.Contains(checked, item) {
			r.Checked = append(r.Checked, item)
		} else {
			r.Unchecked = append(r.Unchecked, item)
		}
		if note := in.Answer.Notes[item]; note != "" {
			r.Notes[item] = note
		}
	}
	return r, nil
}

func areItems(items, checked []string) error {
	for _, c := range checked {
		if !slices.Contains(items, c) {
			return fmt.Errorf("there is no item %q", c)
		}
	}
	return nil
}

func askChecklist(args *checklistArgs) (*provider.Question, error) {
	if len(args.Items) == 0 {
		return nil, errors.New("items: a checklist has at least one item")
	}
	for i, item := range args.Items {
		switch {
		case strings.TrimSpace(item) == "":
			return nil, fmt.Errorf("items: item %d is empty", i+1)
		case slices.Contains(args.Items[:i], item):
			return nil, fmt.Errorf("items: %q stands twice; an answer could not tell them apart", item)
		}
	}
	up, err := timeUpOf(args.OnTimeout, func(v cty.Value) (json.RawMessage, error) { return checkedItems(args.Items, v) })
	if err != nil {
		return nil, err
	}
	return &provider.Question{
		Kind: "checklist", Prompt: args.Prompt, Items: args.Items, AllRequired: args.AllRequired,
		OnTimeout: up.on, TimeoutAnswer: up.answer,
	}, nil
}

// checkItem refuses an item that is one of the words by which an answer names all items, or none.
func checkItem(item string) error {
	for _, word := range []string{"all", "none"} {
		if strings.EqualFold(item, word) {
			return fmt.Errorf("an answer that is %q means %s of the items, so that %q would mean two things; write it in other words", word, word, item)
		}
	}
	return nil
}

func checkedItems(items []string, v cty.Value) (json.RawMessage, error) {
	if !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return nil, errors.New("a list of items")
	}
	checked := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		if item.Type() != cty.String || item.IsNull() {
			return nil, errors.New("a list of items")
		}
		checked = append(checked, item.AsString())
	}
	if err := areItems(items, checked); err != nil {
		return nil, err
	}
	return json.Marshal(checked)
}
