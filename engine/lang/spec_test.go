package lang

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

var update = flag.Bool("update", false, "rewrite the expectations of the spec cases")

type (
	queryArgs struct {
		SQL   string    `rb:"sql,required"`
		Args  cty.Value `rb:"args"`
		Limit int       `rb:"row_limit" default:"1000"`
	}
	requestArgs struct {
		URL     string            `rb:"url,required"`
		Method  string            `rb:"method"`
		Headers map[string]string `rb:"headers"`
	}
	countResult struct {
		Count int `rb:"count"`
	}
	dbConfig struct {
		URL  string `rb:"url,sensitive"`
		Pool int    `rb:"max_connections"`
	}
)

func define[A any](name string, effect provider.Effect, needsTimeout bool) provider.Action {
	return provider.Define(provider.Definition[any, A, countResult]{Name: name, Effect: effect, NeedsTimeout: needsTimeout})
}

// testRegistry has two small providers: the language does not depend on the real ones.
func testRegistry() *provider.Registry {
	db := provider.Setup[dbConfig, any]{
		Name: "db",
		Open: func(context.Context, provider.Open[dbConfig]) (any, error) { return nil, nil },
		Actions: []provider.Action{
			define[queryArgs]("db_query", provider.Read, false), define[queryArgs]("db_exec", provider.Write, true),
		},
	}
	web := provider.Setup[struct{}, any]{
		Name:    "web",
		Open:    func(context.Context, provider.Open[struct{}]) (any, error) { return nil, nil },
		Actions: []provider.Action{define[requestArgs]("web_request", provider.Read, false)},
	}
	type promptArgs struct {
		Prompt string `rb:"prompt,required"`
	}
	ask := provider.Setup[struct{}, any]{
		Name: "ask",
		Open: func(context.Context, provider.Open[struct{}]) (any, error) { return nil, nil },
		Actions: []provider.Action{provider.Define(provider.Definition[any, promptArgs, countResult]{
			Name: "ask_confirm", Ask: func(*promptArgs) (*provider.Question, error) { return &provider.Question{Kind: "confirm"}, nil },
		})},
	}
	return provider.NewRegistry(provider.New(db), provider.New(web), provider.New(ask))
}

// TestSpec runs the cases under testdata/spec. A case is a folder with
//
//	runbook.hcl or runbook.hcl.json   what is loaded; with only a workspace.hcl, that is
//	workspace.hcl, other files        what it needs
//	sources                           lines "env NAME=value", "file PATH", "var name=value", "environment NAME"
//	steps.json                        the values of step.<name>, which are self in the step's own assertions too
//	expect                            the diagnostics, model, values and explanations that must come of it
func TestSpec(t *testing.T) {
	cases, err := filepath.Glob("testdata/spec/*/expect")
	if err != nil || len(cases) < 40 && !*update {
		t.Fatalf("%d spec cases found: %v", len(cases), err)
	}
	if *update {
		folders, err := filepath.Glob("testdata/spec/*")
		if err != nil {
			t.Fatal(err)
		}
		cases = nil
		for _, f := range folders {
			cases = append(cases, filepath.Join(f, "expect"))
		}
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got := runSpec(t, dir)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("differs (-want +got):\n%s", diff)
			}
		})
	}
}

// specCase is one case while it runs; out collects what is compared.
type specCase struct {
	dir   string
	rb    *Runbook
	steps map[string]cty.Value
	out   strings.Builder
}

func runSpec(t *testing.T, dir string) string {
	t.Helper()
	opts := LoadOptions{Registry: testRegistry(), ReadFile: specFiles(dir), Environment: specEnvironment(dir)}
	c := &specCase{dir: dir, steps: map[string]cty.Value{}}
	var diags hcl.Diagnostics
	switch {
	case exists(dir, "runbook.hcl"):
		c.rb, diags = Load("runbook.hcl", opts)
	case exists(dir, "runbook.hcl.json"):
		c.rb, diags = Load("runbook.hcl.json", opts)
	default:
		c.rb, diags = LoadWorkspace("workspace.hcl", opts)
	}
	variables, more := ResolveVariables(c.rb, c.sources(t))
	c.diagnostics("load", diags)
	c.diagnostics("variables", more)
	if !diags.HasErrors() {
		c.model()
	}
	if !diags.HasErrors() && !more.HasErrors() {
		c.values(t, variables)
	}
	return c.out.String()
}

// specDir is the folder that a case's files seem to be in.
const specDir = "/case"

// specFiles reads only what is in the case's folder, so that no workspace above it counts.
func specFiles(dir string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if rel := filepath.Clean(path); filepath.IsLocal(rel) {
			return os.ReadFile(filepath.Join(dir, rel))
		}
		if rel, ok := strings.CutPrefix(path, specDir); ok {
			return os.ReadFile(filepath.Join(dir, rel))
		}
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	}
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func (c *specCase) sources(t *testing.T) VariableSources {
	env := map[string]string{}
	s := VariableSources{
		ReadFile: specFiles(c.dir),
		Lookup:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	text, err := os.ReadFile(filepath.Join(c.dir, "sources"))
	if os.IsNotExist(err) {
		return s
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		kind, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch kind {
		case "env":
			name, value, _ := strings.Cut(rest, "=")
			env[name] = value
		case "file":
			s.Files = append(s.Files, rest)
		case "var":
			s.Values = append(s.Values, rest)
		case "environment":
		default:
			t.Fatalf("sources: %q", line)
		}
	}
	return s
}

func (c *specCase) diagnostics(when string, diags hcl.Diagnostics) {
	for _, d := range diags {
		at := "-"
		if d.Subject != nil {
			at = d.Subject.String()
		}
		severity := map[hcl.DiagnosticSeverity]string{hcl.DiagError: "error", hcl.DiagWarning: "warning"}[d.Severity]
		fmt.Fprintf(&c.out, "%s %s %s\n  %s\n  %s\n", when, severity, at, d.Summary, d.Detail)
	}
}

func refsText(refs []Ref) string {
	var out []string
	for _, r := range refs {
		text := strings.TrimSuffix(string(r.Kind)+"."+r.Name, ".")
		if r.OutcomeOnly {
			text += " (outcome only)"
		}
		out = append(out, text)
	}
	return "[" + strings.Join(out, " ") + "]"
}

// model writes what was decoded and differs from the defaults' defaults.
func (c *specCase) model() {
	w := &c.out
	for _, p := range c.rb.Providers {
		fmt.Fprintf(w, "provider %s alias=%q config=%v for_each=%t max_parallel=%d\n",
			p.Provider, p.Alias, sortedKeys(p.Config), p.ForEach != nil, p.MaxParallel)
	}
	for _, s := range c.rb.Steps {
		fmt.Fprintf(w, "step %s action=%s run_if=%s timeout=%s args=%v depends_on=%s\n",
			s.Name, s.Action, s.RunIf, s.Timeout, sortedKeys(s.Args), refsText(s.DependsOn))
		if s.ProviderRef != nil {
			key := ""
			if s.ProviderRef.Key != nil {
				key = s.ProviderRef.Key.Source
			}
			fmt.Fprintf(w, "  provider %s alias=%q key=%q\n", s.ProviderRef.Provider, s.ProviderRef.Alias, key)
		}
		if r := s.Retry; r != nil {
			fmt.Fprintf(w, "  retry attempts=%d delay=%s max_delay=%s constant=%t writes=%t\n", r.Attempts, r.Delay, r.MaxDelay, r.Constant, r.Writes)
		}
		if p := s.Poll; p != nil {
			fmt.Fprintf(w, "  poll until=%q interval=%s timeout=%s hold=%s\n", p.Until.Source, p.Interval, p.Timeout, p.Hold)
		}
		if s.When != nil {
			fmt.Fprintf(w, "  when %q refs=%s\n", s.When.Source, refsText(s.When.Refs))
		}
		c.people(s)
	}
	c.places()
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (c *specCase) values(t *testing.T, variables map[string]cty.Value) {
	if text, err := os.ReadFile(filepath.Join(c.dir, "steps.json")); err == nil {
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatal(err)
		}
		for name, value := range raw {
			if c.steps[name], err = provider.FromJSON(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	start := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	scope := &Scope{
		Runbook: c.rb, Variables: variables, RunID: "01RUN", StartedAt: start,
		Step: func(name string) cty.Value {
			if v, ok := c.steps[name]; ok {
				return v
			}
			return cty.DynamicVal
		},
		Host: FunctionHost{
			Dir: specDir, StartedAt: start, ReadFile: specFiles(c.dir),
			Lookup: func(name string) (string, bool) { return "hunter2", name == "PASSWORD" },
		},
	}
	for _, o := range c.rb.Outputs {
		v, diags := scope.Value(o.Value, Frame{})
		c.diagnostics("output "+o.Name, diags)
		if !diags.HasErrors() {
			fmt.Fprintf(&c.out, "output %s = %s\n", o.Name, FormatValue(v))
		}
	}
	for _, s := range c.rb.Steps {
		self, ok := c.steps[s.Name]
		if !ok {
			continue
		}
		for _, a := range s.Asserts {
			c.explain(scope, a.Condition, Frame{Self: self})
		}
	}
}

func (c *specCase) explain(scope *Scope, e *Expr, f Frame) {
	ctx, diags := scope.Context(e.Refs, f)
	c.diagnostics("assert", diags)
	v, diags := scope.Evaluate(e, ctx)
	c.diagnostics("assert", diags)
	fmt.Fprintf(&c.out, "assert %s: %s", oneLine(e.Source), FormatValue(v))
	if !diags.HasErrors() && NothingToCheck(e, ctx) {
		c.out.WriteString(" (nothing to check)")
	}
	c.out.WriteString("\n")
	for _, p := range Explain(e, ctx) {
		fmt.Fprintf(&c.out, "%s| %s is %s\n", strings.Repeat("  ", p.Depth+1), p.Expression, p.Value)
	}
}
