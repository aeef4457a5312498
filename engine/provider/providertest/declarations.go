package providertest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// Declarations checks a provider's schemas against the rules of naming and documentation. It calls nothing.
func Declarations(t *testing.T, p *provider.Provider) {
	t.Helper()
	report(t, declarationProblems(p))
}

// Names that belong to the engine.
var (
	reservedArguments = []string{
		"description", "depends_on", "when", "run_if", "for_each", "provider", "timeout", "precondition",
		"continue_on_error", "show", "effect", "retry", "poll", "assert", "threshold", "approval", "remedy", "undo",
		"runs_on",
	}
	reservedResults = []string{"outcome", "error", "started_at", "duration_ms", "attempts"}
	reservedConfig  = []string{"alias", "for_each", "max_parallel"}
)

// misspelt are endings that stand for a unit which has another ending here.
var misspelt = map[string]string{
	"_sec": "_seconds", "_secs": "_seconds", "_millis": "_ms", "_milliseconds": "_ms", "_kb": "_bytes", "_mb": "_bytes",
	"_gb": "_bytes", "_mib": "_bytes", "_gib": "_bytes", "_pct": "_percent", "_percentage": "_percent",
	"_timestamp": "_at", "_datetime": "_at",
}

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	secretive = regexp.MustCompile(`(^|_)(password|token|secret)$`)
)

func declarationProblems(p *provider.Provider) []string {
	d := &declarations{provider: p}
	d.doc(p.Name, p.Doc)
	d.schema(p.Name, p.Config(), reservedConfig)
	for _, a := range p.Config().Attributes {
		if secretive.MatchString(a.Name) && !a.Sensitive {
			d.add("%s.%s must be sensitive", p.Name, a.Name)
		}
	}
	for _, a := range p.Actions {
		d.action(a.Spec())
	}
	return d.problems
}

type declarations struct {
	provider *provider.Provider
	problems []string
}

func (d *declarations) add(format string, args ...any) {
	d.problems = append(d.problems, fmt.Sprintf(format, args...))
}

func (d *declarations) action(s *provider.Spec) {
	if !strings.HasPrefix(s.Name, d.provider.Name+"_") || !snakeCase.MatchString(s.Name) {
		d.add("action %q is not named %s_<verb or noun>", s.Name, d.provider.Name)
	}
	d.doc(s.Name, s.Doc)
	d.schema(s.Name+" argument", s.Args(), reservedArguments)
	d.schema(s.Name+" result", s.Results(), reservedResults)
	if len(s.Results().Attributes) == 0 {
		d.add("%s has no results", s.Name)
	}
	for _, group := range slices.Concat(s.ExactlyOne, s.AtMostOne) {
		for _, name := range group {
			if s.Args().Attribute(name) == nil {
				d.add("%s: the rule %v names no argument %q", s.Name, group, name)
			}
		}
	}
	for _, a := range s.Args().Attributes {
		for _, name := range []string{a.Check, a.CheckKeys} {
			if name != "" && d.provider.Check(provider.Host{}, name) == nil {
				d.add("%s argument %s names a check %q that does not exist", s.Name, a.Name, name)
			}
		}
		if a.Required && a.Default != "" {
			d.add("%s argument %s is required and has a default", s.Name, a.Name)
		}
		if len(a.OneOf) > 0 && a.Default != "" && !slices.Contains(a.OneOf, a.Default) {
			d.add("%s argument %s: its default %q is not one of %v", s.Name, a.Name, a.Default, a.OneOf)
		}
	}
	if s.Results().Attribute("count") != nil && countedList(s.Results()) == "" {
		d.add("%s result count: no list is declared before it", s.Name)
	}
}

func (d *declarations) doc(where, doc string) {
	if doc == "" || strings.ContainsAny(doc, "\r\n") || !strings.HasSuffix(doc, ".") {
		d.add("%s: its doc is not one line that ends in a full stop: %q", where, doc)
	}
}

func (d *declarations) schema(where string, o *provider.Object, reserved []string) {
	for _, a := range o.Attributes {
		at := where + " " + a.Name
		d.doc(at, a.Doc)
		if !snakeCase.MatchString(a.Name) {
			d.add("%s: the name is not in snake case", at)
		}
		if slices.Contains(reserved, a.Name) {
			d.add("%s: the name belongs to the engine", at)
		}
		d.unit(at, a)
		if a.Fields != nil {
			d.schema(at, a.Fields, nil)
		}
	}
}

func (d *declarations) unit(at string, a provider.Attribute) {
	for ending, right := range misspelt {
		if strings.HasSuffix(a.Name, ending) {
			d.add("%s: name it with %s", at, right)
		}
	}
	want := cty.Number
	switch a.Unit {
	case "":
		want = a.Type
	case "RFC 3339":
		want = cty.String
	}
	if !a.Type.Equals(want) {
		d.add("%s is a %s, its unit %s asks for a %s", at, a.Type.FriendlyName(), a.Unit, want.FriendlyName())
	}
	if a.Name == "ready" && a.Type != cty.Bool {
		d.add("%s is a %s, expected a bool", at, a.Type.FriendlyName())
	}
}
