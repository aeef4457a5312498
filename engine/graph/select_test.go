package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const selectable = `
step "a_read" "root" {}
step "a_write" "first" {}
step "a_write" "middle" { depends_on = [step.root] }
step "a_write" "last" { when = step.root.outcome == "pass" }
check "end" { depends_on = [step.last, step.first] }
`

func TestSelect(t *testing.T) {
	g := build(t, selectable)
	cases := map[string]struct {
		targets []string
		want    []string
		edges   []string
		err     string
	}{
		"all":  {nil, []string{"root", "first", "middle", "last", "end"}, edges(g), ""},
		"leaf": {[]string{"root"}, []string{"root"}, nil, ""},
		"turns are taken anew": {[]string{"step.end"}, []string{"root", "first", "last", "end"}, []string{
			"root -> last outcome: step.root.outcome", "first -> last order: writes through a",
			"last -> end full: depends_on", "first -> end full: depends_on",
		}, ""},
		"unknown":       {[]string{"laast"}, nil, nil, `there is no step "laast" to target; did you mean "last"?`},
		"an instance":   {[]string{`last["x"]`}, nil, nil, `"last[\"x\"]" is an instance, and a target is a step of the runbook itself, as a whole: write --target last`},
		"within one":    {[]string{"step.last/c1"}, nil, nil, `"step.last/c1" is a step of the runbook that another runs, and a target is a step of the runbook itself, as a whole: write --target last`},
		"within none":   {[]string{"laast/c1"}, nil, nil, `there is no step "laast" to target; a target is a step of the runbook itself, as a whole; did you mean "last"?`},
		"nothing alike": {[]string{"quite else"}, nil, nil, `there is no step "quite else" to target`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := g.Select(tc.targets)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Fatalf("error %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for i, n := range got.Nodes {
				names = append(names, n.Step.Name)
				if n.Index != i || got.Node(n.Step.Name) != n {
					t.Errorf("node %s has index %d at %d", n.Step.Name, n.Index, i)
				}
			}
			if diff := cmp.Diff(tc.want, names); diff != "" {
				t.Errorf("nodes differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.edges, edges(got)); diff != "" {
				t.Errorf("edges differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStages(t *testing.T) {
	var got []string
	for _, stage := range build(t, selectable).Stages() {
		var names []string
		for _, n := range stage {
			names = append(names, n.Step.Name)
		}
		got = append(got, strings.Join(names, " "))
	}
	if diff := cmp.Diff([]string{"root first", "middle", "last", "end"}, got); diff != "" {
		t.Errorf("stages differ (-want +got):\n%s", diff)
	}
	if got := build(t, "").Stages(); len(got) != 0 {
		t.Errorf("stages of nothing: %v", got)
	}
}
