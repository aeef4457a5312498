package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// patience bounds cases that have no deadline of their own.
const patience = 30 * time.Second

// happy judges a result, then a second one against it, and that read-only stops the action when it is a write.
func (s *Suite) happy(t *testing.T, c Case) {
	first := s.good(t, c)
	if c.Check != nil {
		c.Check(t, first)
	}
	if !c.Once {
		second := s.good(t, c)
		a, b := steady(first.Value, c.Volatile), steady(second.Value, c.Volatile)
		if !a.RawEquals(b) {
			t.Errorf("two runs differ (name what must differ in Volatile):\n%s", cmp.Diff(show(a), show(b)))
		}
	}
	s.stoppedByReadOnly(t, c)
	s.stoppedBeforehand(t, c)
}

// bounded judges a result and that it says that it was cut.
func (s *Suite) bounded(t *testing.T, c Case) {
	result := s.good(t, c)
	value, _ := result.Value.Unmark()
	if !value.Type().HasAttribute("truncated") || !value.GetAttr("truncated").RawEquals(cty.True) {
		t.Errorf("truncated is not true in %s", show(value))
	}
	if c.Check != nil {
		c.Check(t, result)
	}
}

// good runs the case and fails the test unless the result is one.
func (s *Suite) good(t *testing.T, c Case) *provider.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := s.call(ctx, t, c)
	if got.err != nil {
		t.Fatalf("%s: %v", c.Action, got.err)
	}
	report(t, resultProblems(s.Provider.Action(c.Action).Spec(), got.result, c.Failure))
	report(t, leaks(s.Secrets, texts(got)))
	return got.result
}

// resultProblems compares a result with its declaration.
func resultProblems(spec *provider.Spec, r *provider.Result, failure string) []string {
	if r == nil || r.Value == cty.NilVal {
		return []string{"there is no result"}
	}
	var problems []string
	value, _ := r.Value.UnmarkDeep()
	for _, err := range value.Type().TestConformance(spec.Results().Type()) {
		problems = append(problems, fmt.Sprintf("the result does not conform to its schema: %v", err))
	}
	if len(problems) > 0 {
		return problems
	}
	if !value.IsWhollyKnown() {
		problems = append(problems, "the result holds unknown values")
	}
	if strings.TrimSpace(r.Summary) == "" || strings.ContainsAny(r.Summary, "\r\n") {
		problems = append(problems, fmt.Sprintf("the summary %q is not one line", r.Summary))
	}
	problems = append(problems, countProblems(spec, value)...)
	switch {
	case failure == "" && r.Failure != nil:
		problems = append(problems, fmt.Sprintf("the action's expectation did not hold: %s\n%s", r.Failure.Message, r.Failure.Detail))
	case failure != "" && (r.Failure == nil || !strings.Contains(r.Failure.Message+"\n"+r.Failure.Detail, failure)):
		problems = append(problems, fmt.Sprintf("the failure is %+v, expected one with %q", r.Failure, failure))
	}
	return problems
}

// countProblems compares "count" with the list that is declared before it.
func countProblems(spec *provider.Spec, value cty.Value) []string {
	list := countedList(spec.Results())
	if list == "" {
		return nil
	}
	items, count := value.GetAttr(list), value.GetAttr("count")
	if items.IsNull() || count.IsNull() || !items.CanIterateElements() {
		return []string{fmt.Sprintf("%s or count is null", list)}
	}
	if !count.RawEquals(cty.NumberIntVal(int64(items.LengthInt()))) {
		return []string{fmt.Sprintf("count is %s, %s has %d elements", show(count), list, items.LengthInt())}
	}
	return nil
}

// countedList is the nearest list or any before "count"; empty where there is no count.
func countedList(o *provider.Object) string {
	list := ""
	for _, a := range o.Attributes {
		if a.Name == "count" {
			return list
		}
		if a.Type.IsListType() || a.Type.IsMapType() || a.Type == cty.DynamicPseudoType {
			list = a.Name
		}
	}
	return ""
}

// stoppedByReadOnly runs a write once more against a read-only client.
func (s *Suite) stoppedByReadOnly(t *testing.T, c Case) {
	spec := s.Provider.Action(c.Action).Spec()
	args, err := object(spec.Args(), c.Args)
	if err != nil {
		t.Fatal(err)
	}
	effect := spec.Classify(args)
	if c.Effect != nil {
		effect = *c.Effect
	}
	if effect == provider.Read {
		return
	}
	c.ReadOnly = true
	got := s.call(t.Context(), t, c)
	if !errors.Is(got.err, provider.ErrReadOnly) {
		t.Errorf("a read-only client gave %v, expected an error that wraps provider.ErrReadOnly", got.err)
	}
	report(t, leaks(s.Secrets, texts(got)))
}

// stoppedBeforehand runs the action with a context that has already ended: it must not start.
func (s *Suite) stoppedBeforehand(t *testing.T, c Case) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := s.call(ctx, t, c); !errors.Is(got.err, context.Canceled) {
		t.Errorf("a context cancelled beforehand gave %v, expected an error that wraps context.Canceled", got.err)
	}
}

// steady replaces what may differ between two runs by null.
func steady(v cty.Value, volatile []string) cty.Value {
	unmarked, _ := v.UnmarkDeep()
	out, err := cty.Transform(unmarked, func(p cty.Path, v cty.Value) (cty.Value, error) {
		var names []string
		for _, step := range p {
			if attr, ok := step.(cty.GetAttrStep); ok {
				names = append(names, attr.Name)
			}
		}
		last := len(p) > 0
		if last {
			_, last = p[len(p)-1].(cty.GetAttrStep)
		}
		if last && slices.Contains(volatile, strings.Join(names, ".")) {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		return v, nil
	})
	if err != nil {
		return unmarked
	}
	return out
}

// show is a value as JSON, for test output.
func show(v cty.Value) string {
	text, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(text)
}
