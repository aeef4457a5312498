package lang

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// specEnvironment is the environment that a case's sources choose.
func specEnvironment(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "sources"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "environment "); ok {
			return name
		}
	}
	return ""
}

func sourceOf(e *Expr) string {
	if e == nil {
		return "-"
	}
	return e.Source
}

// people writes what a step has to do with people, its undo and its child.
func (c *specCase) people(s *Step) {
	w := &c.out
	if a := s.Approval; a != nil {
		fmt.Fprintf(w, "  approval prompt=%s approvers=%s timeout=%s escalate=%t escalation=%s\n",
			sourceOf(a.Prompt), sourceOf(a.Approvers), a.Timeout, a.Escalate, sourceOf(a.Escalation))
	}
	if s.Escalation != nil {
		fmt.Fprintf(w, "  escalation %s\n", s.Escalation.Source)
	}
	if u := s.Undo; u != nil {
		fmt.Fprintf(w, "  undo on_end=%t name=%s action=%s timeout=%s args=%v index=%d\n",
			u.OnEnd, u.Step.Name, u.Step.Action, u.Step.Timeout, sortedKeys(u.Step.Args), u.Step.Index)
		if u.Step.ProviderRef != nil {
			fmt.Fprintf(w, "    provider %s alias=%q\n", u.Step.ProviderRef.Provider, u.Step.ProviderRef.Alias)
		}
		if u.Step.Retry != nil {
			fmt.Fprintf(w, "    retry attempts=%d\n", u.Step.Retry.Attempts)
		}
	}
	for _, e := range c.rb.EscalationsOf(s) {
		fmt.Fprintf(w, "  may call %s notifiers=%d\n", e.Name, len(e.Notifiers()))
	}
	if s.Child != nil {
		fmt.Fprintf(w, "  child %s file=%s steps=%d policies=%d\n", s.Child.Name, s.Child.File, len(s.Child.Steps), len(s.Child.Policies))
	}
}

// places writes environments and policies.
func (c *specCase) places() {
	w := &c.out
	for _, name := range sortedKeys(c.rb.Escalations) {
		for _, n := range c.rb.Escalations[name].Notifiers() {
			fmt.Fprintf(w, "%s notifies action=%s timeout=%s args=%v retry=%t provider=%t\n",
				n.Name, n.Action, n.Timeout, sortedKeys(n.Args), n.Retry != nil, n.ProviderRef != nil)
		}
	}
	if c.rb.Lock != "" {
		fmt.Fprintf(w, "lock %s\n", c.rb.Lock)
	}
	for _, name := range c.rb.EnvironmentNames() {
		e := c.rb.Environments[name]
		fmt.Fprintf(w, "environment %s variables=%v policy=%t chosen=%t\n", name, sortedKeys(e.Variables), e.Policy != nil, e == c.rb.Environment)
	}
	for _, p := range c.rb.Policies {
		fmt.Fprintf(w, "policy %s:%d effects=%v approve=%v providers=%s commands=%s\n", p.Range.Filename, p.Range.Start.Line,
			p.Effects, p.Approve, listOf(p.Providers), listOf(p.Commands))
	}
}

// listOf tells a list that is not written from an empty one.
func listOf(texts []string) string {
	if texts == nil {
		return "any"
	}
	return fmt.Sprint(slices.Clone(texts))
}
