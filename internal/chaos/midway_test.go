package chaos

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// mishap befalls a connection that has served a step already.
type mishap struct {
	name    string
	strike  func(*proxy)
	timeout time.Duration
	says    string
}

// mishaps are those between two steps of one run.
var mishaps = []mishap{
	{name: "falls_silent", strike: func(p *proxy) { p.poison(toxic{kind: "timeout", attributes: `"timeout": 0`}) }, timeout: brief, says: silence},
	{name: "swallows_requests", strike: func(p *proxy) { p.poison(toxic{kind: "timeout", upstream: true, attributes: `"timeout": 0`}) }, timeout: brief, says: silence},
	{name: "resets", strike: func(p *proxy) { p.poison(toxic{kind: "reset_peer", attributes: `"timeout": 0`}) }, timeout: ample, says: brokeOff},
	{name: "goes_down", strike: func(p *proxy) { p.Stop() }, timeout: ample, says: brokeOff + "|refused"},
	// New connections are good, so that the step may pass at once, and passes when it is repeated.
	{name: "is_cut", strike: (*proxy).cut, timeout: ample},
}

// TestConnectionFailsMidway lets connections go bad after a first step has used them: a pool must not hand a dead one
// out for good, nor wait on it for ever.
func TestConnectionFailsMidway(t *testing.T) {
	t.Parallel()
	env := runtest.Lab(t, os.Environ())
	var b strings.Builder
	b.WriteString("runbook \"midway\" { max_parallel = 200 }\n")
	proxies := map[string]*proxy{}
	strikes := map[string]mishap{}
	for _, m := range mishaps {
		for _, s := range services {
			name := s.name + "_" + m.name
			p := newProxy(t, name, s.upstream(t, env))
			proxies[name], strikes[name] = p, m
			b.WriteString(s.fill(t, env, s.blocks(name, name, ample)+s.again(name, m.timeout), p.Listen))
		}
	}
	got := carryOut(t, b.String(), env, func(e *run.Event) {
		if m, ok := strikes[e.Step]; ok && e.Type == run.StepFinished {
			m.strike(proxies[e.Step])
		}
	})
	ends := got.Ends()
	for _, m := range mishaps {
		for _, s := range services {
			t.Run(m.name+"/"+s.name, func(t *testing.T) {
				name := s.name + "_" + m.name
				if e := ends[name]; e == nil || e.Outcome != run.Pass {
					t.Fatalf("the first step did not pass: %+v", e)
				}
				f := fault{timeout: m.timeout, outcomes: errs, says: m.says}
				if m.says == "" {
					f.outcomes = passes
				}
				f.judge(t, s, ends[name+"_again"], proxies[name].Listen)
			})
		}
	}
}

// again is a second step on the same connections, after the first.
func (s service) again(name string, timeout time.Duration) string {
	_, step, _ := strings.Cut(s.blocks(name, name+"_again", timeout), "step ")
	step = "step " + strings.TrimSuffix(step, "}\n")
	return step + fmt.Sprintf("  depends_on = [step.%s]\n  retry {\n    attempts = 3\n    delay = \"100ms\"\n  }\n}\n", name)
}

// TestRetryOutlastsFault takes the fault away while a step waits for its second attempt.
func TestRetryOutlastsFault(t *testing.T) {
	t.Parallel()
	env := runtest.Lab(t, os.Environ())
	var b strings.Builder
	b.WriteString("runbook \"retry\" { max_parallel = 200 }\n")
	proxies := map[string]*proxy{}
	for _, s := range services {
		p := newProxy(t, s.name, s.upstream(t, env))
		p.Stop()
		proxies[s.name] = p
		block := strings.TrimSuffix(s.blocks(s.name, s.name, ample), "}\n")
		b.WriteString(s.fill(t, env, block+"  retry {\n    attempts = 4\n    delay = \"200ms\"\n  }\n}\n", p.Listen))
	}
	repeated := map[string]bool{}
	got := carryOut(t, b.String(), env, func(e *run.Event) {
		if e.Type == run.StepRetrying && !repeated[e.Step] {
			repeated[e.Step] = true
			proxies[e.Step].start()
		}
	})
	for name, e := range got.Ends() {
		if e.Outcome != run.Pass || !repeated[name] || e.Attempts < 2 {
			t.Errorf("%s: %s after %d attempts: %s", name, e.Outcome, e.Attempts, e.Error)
		}
	}
}
