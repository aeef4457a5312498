package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// The declarations that the tests of this package share.

type sampleConfig struct {
	URL      string `rb:"url" default:"http://localhost" doc:"Where."`
	Password string `rb:"password,sensitive" doc:"Password."`
}

type sampleArgs struct {
	Hidden int               // not declared: it has no tag
	Name   string            `rb:"name,required" doc:"Name."`
	Format string            `rb:"format" default:"text" one_of:"text,json" doc:"Format."`
	Limit  int               `rb:"limit" default:"500" doc:"Limit."`
	Ratio  *float64          `rb:"ratio" doc:"Ratio."`
	Wait   time.Duration     `rb:"wait" default:"1m" doc:"Wait."`
	On     bool              `rb:"on" default:"true" doc:"On."`
	Codes  []int             `rb:"codes" default:"[0, 3]" doc:"Codes."`
	Words  []string          `rb:"words" default:"[a, \"b\"]" doc:"Words."`
	Labels map[string]string `rb:"labels" doc:"Labels."`
	Login  *sampleLogin      `rb:"login" doc:"Login."`
	Any    cty.Value         `rb:"any" doc:"Anything."`
	Other  string            `rb:"other" doc:"Excludes format."`
}

type sampleLogin struct {
	User     string `rb:"user,required" doc:"User."`
	Password string `rb:"password,sensitive" doc:"Password."`
}

type sampleResult struct {
	Text   string             `rb:"text" doc:"Text."`
	Maybe  *string            `rb:"maybe" doc:"Null when nothing."`
	Secret string             `rb:"secret,sensitive" doc:"Secret."`
	Number float64            `rb:"used_percent" doc:"Number."`
	Whole  int64              `rb:"size_bytes" doc:"Whole number."`
	At     time.Time          `rb:"created_at" doc:"Time."`
	Took   time.Duration      `rb:"took" doc:"Duration."`
	Rows   cty.Value          `rb:"rows" doc:"Rows."`
	List   []sampleItem       `rb:"list" doc:"List."`
	ByName map[string]float64 `rb:"by_name" doc:"Map."`
	Nested sampleItem         `rb:"nested" doc:"Nested."`
}

type sampleItem struct {
	Name  string   `rb:"name" doc:"Name."`
	Value *float64 `rb:"value" doc:"Value."`
	Key   string   `rb:"key,sensitive" doc:"Key."`
}

type sampleClient struct {
	config *sampleConfig
	closed bool
}

func (c *sampleClient) Close() error {
	c.closed = true
	return errors.New("closed")
}

func sample() *Provider {
	return New(Setup[sampleConfig, *sampleClient]{
		Name: "sample", Doc: "For tests.",
		Open: func(_ context.Context, req Open[sampleConfig]) (*sampleClient, error) {
			return &sampleClient{config: req.Config}, nil
		},
		Target: func(req Open[sampleConfig]) (Place, error) {
			return System(fmt.Sprintf("%s %v", req.Config.URL, req.Explicit)), nil
		},
		Checks: map[string]Check{"regex": func(string) error { return errors.New("mine") }},
		Actions: []Action{
			Define(Definition[*sampleClient, sampleArgs, sampleResult]{
				Name: "sample_do", Doc: "Does it.", Effect: Write,
				ExactlyOne: [][]string{{"name", "any"}}, AtMostOne: [][]string{{"format", "other"}},
				Classify: func(args *sampleArgs, known Known) Effect {
					if known("name") && args.Name == "drop" {
						return Destructive
					}
					return Read
				},
				Target: func(args *sampleArgs) string { return args.Name },
				Run: func(_ context.Context, in *In[*sampleClient, sampleArgs]) (*sampleResult, error) {
					if in.Args.Name == "nil" {
						return nil, nil
					}
					in.Warn("set: %v %v", in.Set("limit"), in.Set("nonsense"))
					return &sampleResult{Text: in.Args.Name}, nil
				},
				Summarize: func(r *sampleResult) string { return "did " + r.Text },
				Expect: func(args *sampleArgs, r *sampleResult) *Failure {
					if r.Text == "bad" {
						return &Failure{Message: "It is bad."}
					}
					return nil
				},
			}),
			Define(Definition[*sampleClient, sampleArgs, sampleResult]{Name: "sample_later", Doc: "Not yet.", Effect: Write}),
		},
	})
}

// args is an object of the schema with these attributes, the rest null.
func args(o *Object, given map[string]cty.Value) cty.Value {
	attrs := o.Null().AsValueMap()
	for name, v := range given {
		attrs[name] = v
	}
	return cty.ObjectVal(attrs)
}
