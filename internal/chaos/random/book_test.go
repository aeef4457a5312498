package random

import (
	"fmt"
	"slices"
	"strings"
)

// book is a runbook as the generator knows it.
type book struct {
	name        string
	stop        bool   // on_failure = "stop"
	lock        string // empty: none
	maxParallel int
	steps       []*step
}

// step is one of its steps. Its actions are named by the step's address and a version, so that the world can tell them apart.
type step struct {
	kind, name string
	version    int
	alias      bool // the second configuration of the provider
	keys       []string
	from       string // for_each over what this step gives, in place of keys
	after      []string
	uses       []string // steps whose results are read
	orders     []string // steps of which only the outcome is read
	careful    bool     // the results are read with try
	when       string
	runIf      string
	undo       string // empty: none; else when it is due
	approval   bool
	attempts   int
	writes     bool // retry { writes = true }
	poll       bool
	not        int // the checks fail for the call of this number; 0: there are none
	tolerant   bool
	child      *book
}

// The kinds of steps, by their actions.
const (
	reads = "fake_read"
	write = "fake_write"
	noted = "fake_noted"
	asks  = "fake_ask"
	check = "check"
	below = "runbook"
)

func (s *step) changes() bool { return s.kind == write || s.kind == noted }
func (s *step) each() bool    { return len(s.keys) > 0 || s.from != "" }

// deps are the steps that a step depends on, without the turns that writes take.
func (s *step) deps() []string {
	out := slices.Concat(s.after, s.uses, s.orders)
	if s.from != "" {
		out = append(out, s.from)
	}
	return out
}

// config names the provider configuration within its runbook.
func (s *step) config() string { return fmt.Sprint(s.alias) }

func (b *book) step(name string) *step {
	for _, s := range b.steps {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (b *book) place(name string) int {
	return slices.IndexFunc(b.steps, func(s *step) bool { return s.name == name })
}

// files are the texts of a runbook and of those that its steps run.
func (b *book) files() map[string]string {
	out := map[string]string{b.name + ".hcl": b.text()}
	for _, s := range b.steps {
		if s.child != nil {
			out[s.child.name+".hcl"] = s.child.text()
		}
	}
	return out
}

func (b *book) text() string {
	var t strings.Builder
	fmt.Fprintf(&t, "runbook %q {\n  max_parallel = %d\n", b.name, b.maxParallel)
	if b.stop {
		t.WriteString("  on_failure = \"stop\"\n")
	}
	if b.lock != "" {
		fmt.Fprintf(&t, "  lock = %q\n", b.lock)
	}
	t.WriteString("}\nvariable \"who\" { default = \"\" }\nprovider \"fake\" {}\nprovider \"fake\" { alias = \"b\" }\n")
	for _, s := range b.steps {
		t.WriteString(b.stepText(s, true))
	}
	fmt.Fprintf(&t, "output \"ends\" { value = %q }\n", b.name)
	return t.String()
}

// stepText is a step as it is written; of a write, without what comes after its action where all is false: its undo and checks.
func (b *book) stepText(s *step, all bool) string {
	var t strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&t, "  "+format+"\n", args...) }
	if s.kind == check {
		fmt.Fprintf(&t, "check %q {\n", s.name)
	} else {
		fmt.Fprintf(&t, "step %q %q {\n", s.kind, s.name)
	}
	b.arguments(s, line)
	if deps := refs(s.after); deps != "" {
		line("depends_on = [%s]", deps)
	}
	if s.when != "" {
		line("when = %s", s.when)
	}
	if s.runIf != "" {
		line("run_if = %q", s.runIf)
	}
	if s.tolerant {
		line("continue_on_error = true")
	}
	if s.approval {
		line("approval { prompt = \"%s, version %d?\" }", s.name, s.version)
	}
	if s.attempts > 0 {
		line("retry {\n    attempts = %d\n    delay = \"1ms\"\n    writes = %v\n  }", s.attempts, s.writes)
	}
	if s.poll {
		line("poll {\n    until = self.call >= 2\n    interval = \"1ms\"\n    timeout = \"2s\"\n  }")
	}
	if s.not > 0 && (all || !s.changes()) {
		line("assert { condition = self.call != %d }", s.not)
	}
	if s.undo != "" && all {
		undoText(s, line)
	}
	t.WriteString("}\n")
	return t.String()
}

// arguments are those of the action, and for_each.
func (b *book) arguments(s *step, line func(string, ...any)) {
	switch {
	case s.from != "":
		line("for_each = { for i in %s : i.name => i.name }", b.read(s, s.from, "items", "[]"))
	case len(s.keys) > 0:
		line("for_each = toset([%s])", quoted(s.keys))
	}
	switch s.kind {
	case reads, write, noted:
		line("id = \"%s v%d\"", address(s), s.version)
		line("timeout = \"20ms\"")
		if s.alias {
			line("provider = provider.fake.b")
		}
		if len(s.uses)+len(s.orders) > 0 {
			line("value = [%s]", strings.Join(b.values(s), ", "))
		}
	case asks:
		line("prompt = \"%s, version %d? ${jsonencode([%s])}\"", s.name, s.version, strings.ReplaceAll(strings.Join(b.values(s), ", "), `"`, `"`))
	case check:
		line("assert { condition = length([%s]) < %d }", strings.Join(b.values(s), ", "), 100+s.version)
	case below:
		line("source = \"./%s.hcl\"", s.child.name)
		line("variables = { who = \"%s/\" }", address(s))
		if s.version > 0 {
			line("description = \"version %d\"", s.version)
		}
	}
}

func undoText(s *step, line func(string, ...any)) {
	part := "call"
	if s.child != nil {
		part = "outputs"
	}
	line("undo \"fake_write\" {\n    on = %q\n    timeout = \"20ms\"\n    id = \"%s%s v%d\"\n    value = self.%s\n  }", s.undo, undoMark, address(s), s.version, part)
}

// undoMark is what the ids of undos begin with.
const undoMark = "undo "

// address is how expressions write the address of a step or of its instance in the run.
func address(s *step) string {
	if s.each() {
		return "${var.who}" + s.name + `[\"${each.key}\"]`
	}
	return "${var.who}" + s.name
}

// values are the expressions that read the results and outcomes of other steps.
func (b *book) values(s *step) []string {
	var out []string
	for _, name := range s.uses {
		part := map[string]string{asks: "answer", below: "outputs.ends", check: "outcome"}[b.step(name).kind]
		if part == "" {
			part = "call"
		}
		out = append(out, b.read(s, name, part, "0"))
	}
	for _, name := range s.orders {
		if b.step(name).each() {
			out = append(out, fmt.Sprintf("try(step.%s[%q].outcome, \"?\")", name, "a"))
			continue
		}
		out = append(out, fmt.Sprintf("step.%s.outcome", name))
	}
	return out
}

// read is an expression that reads a part of a step's result.
func (b *book) read(s *step, name, part, otherwise string) string {
	expr := fmt.Sprintf("step.%s.%s", name, part)
	if b.step(name).each() {
		expr = fmt.Sprintf("length(step.%s)", name)
	}
	if s.careful {
		return fmt.Sprintf("try(%s, %s)", expr, otherwise)
	}
	return expr
}

func refs(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "step." + n
	}
	return strings.Join(out, ", ")
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
