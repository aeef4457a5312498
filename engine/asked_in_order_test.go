package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// inOrder asks four questions at once; what the first would change is known last.
const inOrder = `
runbook "test" {}
provider "fake" {}
step "fake_read" "first" {
  id = "first"
  approval { prompt = "First?" }
}
step "fake_read" "each" {
  for_each = { a = 1, b = 2 }
  id       = "each ${each.key}"
  approval { prompt = "${each.key}?" }
}
step "fake_ask" "last" { prompt = "Last?" }
`

// lastFirst has the dry runs end in the other order than the file's.
func lastFirst() *enginetest.Fake {
	before := map[string]chan struct{}{"each a": make(chan struct{}), "each b": make(chan struct{})}
	after := map[string]string{"first": "each a", "each a": "each b"}
	return &enginetest.Fake{Previews: func(ctx context.Context, id string) error {
		if next, waits := after[id]; waits {
			if err := enginetest.Until(ctx, before[next]); err != nil {
				return err
			}
		}
		if done := before[id]; done != nil {
			close(done)
		}
		return nil
	}}
}

// askedOf are the steps that were asked about, in order.
func askedOf(events []run.Event) (out []string) {
	for _, e := range events {
		if e.Type == run.StepWaiting && e.Question != nil {
			out = append(out, e.Step)
		}
	}
	return out
}

// TestAskedInTheOrderOfTheFile: questions that come at the same time are told, and shown at the terminal, as the file has them, whatever the
// systems take to say what would change.
func TestAskedInTheOrderOfTheFile(t *testing.T) {
	want := []string{"first", `each["a"]`, `each["b"]`, "last"}
	out := enginetest.Run(t, lastFirst(), inOrder, enginetest.Options{})
	out.Pauses(t)
	if diff := cmp.Diff(want, askedOf(out.Events)); diff != "" {
		t.Errorf("told in another order: %s", diff)
	}
	a := &asker{yes: true}
	enginetest.Run(t, lastFirst(), inOrder, enginetest.Options{Asker: a}).Ends(t, 0)
	if diff := cmp.Diff(want, addresses(a.asked)); diff != "" {
		t.Errorf("shown in another order: %s", diff)
	}
}

func addresses(waits []run.Wait) (out []string) {
	for _, w := range waits {
		out = append(out, w.Address)
	}
	return out
}

// TestAskedWithinInTheOrderOfTheFile: so are those of runbooks that steps run at the same time.
func TestAskedWithinInTheOrderOfTheFile(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
step "runbook" "each" {
  for_each  = toset(["a", "b", "c", "d", "e"])
  source    = "child.hcl"
  variables = { name = each.key }
}
`,
		"child.hcl": `
runbook "child" {}
variable "name" { type = string }
provider "fake" {}
step "fake_ask" "one" { prompt = "${var.name}?" }
`,
	})
	a := &asker{yes: true}
	enginetest.RunFile(t, &enginetest.Fake{}, path, enginetest.Options{Asker: a}).Ends(t, 0)
	want := []string{`each["a"]/one`, `each["b"]/one`, `each["c"]/one`, `each["d"]/one`, `each["e"]/one`}
	if diff := cmp.Diff(want, addresses(a.asked)); diff != "" {
		t.Error(diff)
	}
}

// reads is somebody at the terminal who looks at the first question until another one is told.
type reads struct {
	asker
	once        sync.Once
	shown, told chan struct{}
}

func (r *reads) Ask(ctx context.Context, w run.Wait) (_ *run.Answer, err error) {
	r.once.Do(func() {
		close(r.shown)
		err = enginetest.Until(ctx, r.told)
	})
	if err != nil {
		return nil, err
	}
	return r.asker.Ask(ctx, w)
}

// TestAReadyQuestionDoesNotWaitForEver: one that is ready is shown though the dry run of one before it takes long.
func TestAReadyQuestionDoesNotWaitForEver(t *testing.T) {
	r := &reads{asker: asker{yes: true}, shown: make(chan struct{}), told: make(chan struct{})}
	fake := &enginetest.Fake{Previews: func(ctx context.Context, id string) error {
		if id != "first" {
			return nil
		}
		return enginetest.Until(ctx, r.shown)
	}}
	out := enginetest.Run(t, fake, inOrder, enginetest.Options{Asker: r, OnEvent: func(e run.Event) {
		if e.Type == run.StepWaiting && e.Question != nil && e.Step == "first" {
			close(r.told)
		}
	}})
	out.Ends(t, 0)
	want := []string{`each["a"]`, "first", `each["b"]`, "last"}
	if got := addresses(r.asked); !slices.Equal(got, want) {
		t.Errorf("shown: %q, expected %q", got, want)
	}
}
