package chaos

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// fault is what befalls a connection.
type fault struct {
	name   string
	toxics []toxic
	// down: nobody listens; deserted: the proxy takes the connection, and nobody is behind it.
	down, deserted bool
	// timeout is the step's. Within is how long the step may take; 0: the timeout, and what a busy machine adds.
	timeout, within time.Duration
	// outcomes are those that are right. says is what an error has to say, in any case.
	outcomes []run.Outcome
	says     string
}

var (
	passes = []run.Outcome{run.Pass}
	errs   = []run.Outcome{run.Error}
	either = []run.Outcome{run.Pass, run.Error} // where it depends on how long the answer is
)

const (
	brief    = 1500 * time.Millisecond
	ample    = 30 * time.Second
	slowly   = time.Minute // what connections take that close slowly
	silence  = "timed out|no answer"
	brokeOff = "reset|closed|broken pipe|not end"
)

// faults are those that are there from a connection's first byte.
var faults = []fault{
	{name: "none", timeout: ample, outcomes: passes},
	{name: "latency", toxics: []toxic{{kind: "latency", attributes: `"latency": 80, "jitter": 40`}}, timeout: ample, outcomes: passes},
	{name: "latency_beyond_the_timeout", toxics: []toxic{{kind: "latency", attributes: `"latency": 20000`}}, timeout: brief, outcomes: errs, says: silence},
	{name: "reset_of_the_answer", toxics: []toxic{{kind: "reset_peer", attributes: `"timeout": 0`}}, timeout: ample, outcomes: errs, says: brokeOff},
	{name: "reset_of_the_request", toxics: []toxic{{kind: "reset_peer", upstream: true, attributes: `"timeout": 0`}}, timeout: ample, outcomes: errs, says: brokeOff},
	{name: "late_reset", toxics: []toxic{{kind: "reset_peer", attributes: `"timeout": 300`}}, timeout: ample, outcomes: errs, says: brokeOff},
	{name: "half_open_answer", toxics: []toxic{{kind: "timeout", attributes: `"timeout": 0`}}, timeout: brief, outcomes: errs, says: silence},
	{name: "half_open_request", toxics: []toxic{{kind: "timeout", upstream: true, attributes: `"timeout": 0`}}, timeout: brief, outcomes: errs, says: silence},
	{name: "slow_close", toxics: []toxic{{kind: "slow_close", attributes: `"delay": 60000`}, {kind: "slow_close", upstream: true, attributes: `"delay": 60000`}}, timeout: ample, outcomes: passes},
	{name: "slices", toxics: []toxic{{kind: "slicer", attributes: `"average_size": 700, "size_variation": 500, "delay": 50`}}, timeout: ample, outcomes: passes},
	{name: "bandwidth", toxics: []toxic{{kind: "bandwidth", attributes: `"rate": 1`}}, timeout: brief, outcomes: either, says: silence},
	{name: "cut_after_1", toxics: cutAfter(1), timeout: ample, outcomes: either, says: brokeOff},
	{name: "cut_after_30", toxics: cutAfter(30), timeout: ample, outcomes: errs, says: brokeOff},
	{name: "cut_after_500", toxics: cutAfter(500), timeout: ample, outcomes: errs, says: brokeOff},
	{name: "cut_after_2500", toxics: cutAfter(2500), timeout: ample, outcomes: either, says: brokeOff},
	{name: "down", down: true, timeout: 2 * ample, within: ample, outcomes: errs, says: "connection refused"},
	{name: "nobody_behind", deserted: true, timeout: 2 * ample, within: ample, outcomes: errs, says: brokeOff},
}

func cutAfter(bytes int) []toxic {
	return []toxic{{kind: "limit_data", attributes: fmt.Sprintf(`"bytes": %d`, bytes)}}
}

// TestNetworkFaults runs one runbook whose steps each meet another fault on the way to another service.
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	env := runtest.Lab(t, os.Environ())
	book, addresses := faultyRunbook(t, env)
	began := time.Now()
	got := carryOut(t, book, env, nil)
	took := time.Since(began).Round(time.Millisecond)
	t.Logf("the run took %s", took)
	if took > slowly-10*time.Second {
		t.Errorf("it took %s: it may have waited for connections that close after %s", took, slowly)
	}
	ends := got.Ends()
	for _, f := range faults {
		for _, s := range services {
			t.Run(f.name+"/"+s.name, func(t *testing.T) {
				e := ends[s.name+"_"+f.name]
				if e == nil {
					t.Fatal("the step did not end")
				}
				f.judge(t, s, e, addresses[e.Step])
			})
		}
	}
}

// faultyRunbook has a step for each fault and service; addresses are those of their proxies.
func faultyRunbook(t *testing.T, env map[string]string) (source string, addresses map[string]string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("runbook \"faults\" { max_parallel = 200 }\n")
	addresses = map[string]string{}
	for _, f := range faults {
		for _, s := range services {
			name := s.name + "_" + f.name
			upstream := s.upstream(t, env)
			if f.deserted {
				upstream = closedAddress(t)
			}
			p := newProxy(t, name, upstream)
			p.poison(f.toxics...)
			if f.down {
				p.Stop()
			}
			addresses[name] = p.Listen
			b.WriteString(s.fill(t, env, s.blocks(name, name, f.timeout), p.Listen))
		}
	}
	return b.String(), addresses
}

// blocks are a step and its provider, which is named by alias.
func (s service) blocks(alias, step string, timeout time.Duration) string {
	choice, config := "", ""
	if s.provider != "" {
		choice = fmt.Sprintf("  provider = provider.%s.%s\n", s.provider, alias)
		config = fmt.Sprintf("provider %q {\n  alias = %q\n  %s\n}\n", s.provider, alias, s.config)
	}
	return config + fmt.Sprintf("step %q %q {\n%s  timeout = %q\n  %s\n}\n", s.action, step, choice, timeout, s.step)
}

var bareEOF = regexp.MustCompile(`\bEOF\b`)

// judge holds a step's end against what was to be expected.
func (f fault) judge(t *testing.T, s service, e *run.Event, address string) {
	t.Helper()
	t.Logf("%s after %.0f ms: %s", e.Outcome, *e.DurationMS, e.Error)
	right := false
	for _, o := range f.outcomes {
		right = right || o == e.Outcome
	}
	if !right {
		t.Errorf("outcome %s, expected one of %v: %s", e.Outcome, f.outcomes, e.Error)
	}
	if limit := cmp.Or(f.within, f.timeout+10*time.Second); *e.DurationMS > float64(limit.Milliseconds()) {
		t.Errorf("it took %.0f ms, and may take %s", *e.DurationMS, limit)
	}
	if e.Outcome == run.Error {
		judgeMessage(t, e.Error, address, s.op, f.says)
	}
}

// judgeMessage holds a message against what somebody on call needs: what was tried, where, and why it failed.
func judgeMessage(t *testing.T, message, address, op, says string) {
	t.Helper()
	if strings.Contains(message, "not started: ") { // on a busy machine, whatever was to go wrong then
		op, says = "", "of its time went by while "
	}
	for what, pattern := range map[string]string{"the endpoint": regexp.QuoteMeta(address), "what was tried": op, "the cause": says} {
		if !regexp.MustCompile("(?i)" + pattern).MatchString(message) {
			t.Errorf("the message does not tell %s (%s): %s", what, pattern, message)
		}
	}
	for _, wrong := range []string{"goroutine ", "left behind", "%!", "context deadline exceeded", "i/o timeout", "use of closed"} {
		if strings.Contains(message, wrong) {
			t.Errorf("the message is not for people (%q): %s", wrong, message)
		}
	}
	if bareEOF.MatchString(message) {
		t.Errorf("the message speaks of EOF: %s", message)
	}
}
