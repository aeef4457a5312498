package validate_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type config struct {
	URL   string `rb:"url,required" check:"url" doc:"Where it is."`
	Token string `rb:"token,sensitive" doc:"Bearer token."`
}

type storeConfig struct {
	Servers []string `rb:"servers" doc:"Where it is."`
	Name    string   `rb:"name" doc:"Its name."`
}

type nothing struct{}

type listArgs struct {
	Namespace string            `rb:"namespace" doc:"Namespace."`
	Limit     int               `rb:"limit" default:"10" check:"few" doc:"How many."`
	Since     time.Duration     `rb:"since" doc:"How far back."`
	State     string            `rb:"state" one_of:"up,down,any" doc:"Which."`
	Query     string            `rb:"query" check:"no_x" doc:"A query without x."`
	Queries   []string          `rb:"queries" check:"no_x" doc:"Queries without x."`
	Words     map[string]string `rb:"words" check_keys:"no_x" doc:"By names without x."`
	Login     *login            `rb:"login" doc:"Who."`
	Tags      []string          `rb:"tags" doc:"Tags."`
	Seen      []string          `rb:"seen" public:"everyone can read it; write login" doc:"Read by everyone."`
}

type login struct {
	User string `rb:"user" doc:"Name."`
	Role string `rb:"role" one_of:"admin,viewer" doc:"Role."`
}

type item struct {
	Name      string            `rb:"name" doc:"Name."`
	Ready     bool              `rb:"ready" doc:"Whether it is ready."`
	Restarts  int               `rb:"restarts" doc:"Restarts."`
	Labels    map[string]string `rb:"labels" doc:"Labels."`
	Usage     usage             `rb:"usage" doc:"Usage."`
	CreatedAt time.Time         `rb:"created_at" doc:"When."`
}

type usage struct {
	CPU int `rb:"cpu" doc:"CPU."`
}

type list struct {
	Items    []item    `rb:"items" doc:"Items."`
	Count    int       `rb:"count" doc:"How many."`
	NotReady []string  `rb:"not_ready" doc:"Names."`
	Version  string    `rb:"version" doc:"Version."`
	JSON     cty.Value `rb:"json" doc:"Anything."`
}

type requestArgs struct {
	URL    string `rb:"url,required" check:"url" doc:"URL."`
	Method string `rb:"method" default:"GET" doc:"Method."`
	Body   string `rb:"body" doc:"Body."`
	Form   string `rb:"form" doc:"Form."`
	File   string `rb:"file" doc:"File."`
	PEM    string `rb:"pem" doc:"PEM."`
}

type programArgs struct {
	Command []string `rb:"command,required,filled" doc:"Program."`
	Shell   bool     `rb:"shell" doc:"Whether a shell reads it."`
	Image   string   `rb:"image,filled" doc:"Where it runs."`
}

func program(args cty.Value) (string, bool) {
	command := args.GetAttr("command")
	if !command.IsKnown() || command.IsNull() || command.LengthInt() == 0 {
		return "", false
	}
	first := command.Index(cty.NumberIntVal(0))
	return known(first), first.IsKnown()
}

func known(v cty.Value) string {
	if !v.IsKnown() || v.IsNull() {
		return ""
	}
	return v.AsString()
}

type tellArgs struct {
	Name string `rb:"name,required" doc:"Whom."`
}

type scaleArgs struct {
	Namespace string `rb:"namespace,place" doc:"Namespace."`
	Folder    string `rb:"folder,place" doc:"Folder."`
}

type putArgs struct {
	What      cty.Value `rb:"what,required" doc:"What, which may name its namespace."`
	Namespace string    `rb:"namespace,place" said_in:"what" doc:"Namespace of what names none."`
}

type promptArgs struct {
	Prompt    string    `rb:"prompt,required" doc:"Prompt."`
	OnTimeout cty.Value `rb:"on_timeout" doc:"When the time is over."`
}

func question(args *promptArgs) (*provider.Question, error) {
	if args.OnTimeout != cty.NilVal && !args.OnTimeout.IsNull() && args.OnTimeout.Type() == cty.Number {
		return nil, fmt.Errorf("on_timeout: a number is no answer")
	}
	return &provider.Question{Kind: "confirm", Prompt: args.Prompt}, nil
}

type status struct {
	Code int `rb:"code" doc:"Status."`
}

// define makes an action that is only declared.
func define[A, R any](name string, effect provider.Effect, more ...func(*provider.Definition[any, A, R])) provider.Action {
	d := provider.Definition[any, A, R]{Name: name, Doc: name + ".", Effect: effect}
	for _, f := range more {
		f(&d)
	}
	return provider.Define(d)
}

func noX(text string) error {
	if at := strings.IndexByte(text, 'x'); at >= 0 {
		return &provider.PositionError{Offset: at, Length: 1, Message: "there is an x in it"}
	}
	return nil
}

func few(text string) error {
	if len(text) > 2 || strings.HasPrefix(text, "-") {
		return fmt.Errorf("%s is not from 0 to 99", text)
	}
	return nil
}

func method(args *requestArgs, known provider.Known) provider.Effect {
	switch {
	case !known("method"):
		return provider.Destructive
	case args.Method == "GET":
		return provider.Read
	case args.Method == "DELETE":
		return provider.Destructive
	}
	return provider.Write
}

// registry knows two providers: demo lists and requests things, cluster changes them where a block says which.
func registry() *provider.Registry {
	open := func(context.Context, provider.Open[config]) (any, error) { return nil, fmt.Errorf("not for running") }
	demo := provider.New(provider.Setup[nothing, any]{
		Name: "demo", Doc: "Demo.",
		Open:   func(context.Context, provider.Open[nothing]) (any, error) { return nil, fmt.Errorf("not for running") },
		Checks: map[string]provider.Check{"no_x": noX, "few": few},
		Actions: []provider.Action{
			define[listArgs, list]("demo_list", provider.Read),
			define[requestArgs, status]("demo_request", provider.Destructive, func(d *provider.Definition[any, requestArgs, status]) {
				d.Classify = method
				d.AtMostOne = [][]string{{"body", "form"}}
			}),
			define[requestArgs, status]("demo_certificate", provider.Read, func(d *provider.Definition[any, requestArgs, status]) {
				d.ExactlyOne = [][]string{{"file", "pem"}}
			}),
			define[nothing, status]("demo_command", provider.Write, func(d *provider.Definition[any, nothing, status]) {
				d.AuthorStatesEffect = true
			}),
			define[nothing, status]("demo_ping", provider.Read),
			define[programArgs, status]("demo_program", provider.Write, func(d *provider.Definition[any, programArgs, status]) {
				d.Program = program
				d.Misfits = func(args *programArgs, known provider.Known) map[string]string {
					if known("shell") && args.Shell && known("command") && len(args.Command) > 1 {
						return map[string]string{"shell": "a shell reads one text, and command has several; write them as one, or leave shell out"}
					}
					return nil
				}
				d.Lacks = func(args *programArgs, known provider.Known) map[string]string {
					if known("command") && len(args.Command) > 0 && args.Command[0] == "quiet" {
						return map[string]string{"code": "the program is quiet"}
					}
					return nil
				}
			}),
			define[promptArgs, status]("demo_confirm", provider.Read, func(d *provider.Definition[any, promptArgs, status]) {
				d.Ask = question
			}),
		},
	})
	cluster := provider.New(provider.Setup[config, any]{
		Name: "cluster", Doc: "Cluster.", Open: open, ReadsUnnamed: true,
		Unnamed: func(c *config, known provider.Known) string {
			if c.URL != "" && c.URL != "https://anywhere.example.com" || !known("url") {
				return ""
			}
			return "set url"
		},
		Actions: []provider.Action{
			define[listArgs, list]("cluster_list", provider.Read),
			define[nothing, status]("cluster_restart", provider.Write),
			define[tellArgs, status]("cluster_tell", provider.Write),
			define[scaleArgs, status]("cluster_scale", provider.Write), define[putArgs, status]("cluster_put", provider.Write),
		},
	})
	store := provider.New(provider.Setup[storeConfig, any]{
		Name: "store", Doc: "Store.", Open: func(context.Context, provider.Open[storeConfig]) (any, error) {
			return nil, fmt.Errorf("not for running")
		},
		Unnamed: func(c *storeConfig, known provider.Known) string {
			if len(c.Servers) > 0 || !known("servers") {
				return ""
			}
			return "set servers"
		},
		Actions: []provider.Action{define[nothing, status]("store_get", provider.Read), define[tellArgs, status]("store_set", provider.Write)},
	})
	return provider.NewRegistry(demo, cluster, store)
}
