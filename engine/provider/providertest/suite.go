package providertest

import (
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// Kind is what a case shows.
type Kind string

// The kinds of cases. A suite must have each of them for each supported action, or say in an [Exception] why it can't.
const (
	// Happy ends without an error.
	Happy Kind = "happy"
	// Unreachable finds nobody at the address.
	Unreachable Kind = "unreachable"
	// Refused is turned away: a bad password, a missing right, a certificate that is not trusted.
	Refused Kind = "refused"
	// Timeout meets its deadline while the service is silent.
	Timeout Kind = "timeout"
	// Cancelled is interrupted while the service is silent.
	Cancelled Kind = "cancelled"
	// Bounded gives a result that is cut at its bound: truncated is true. It is asked of those actions whose result
	// has an attribute "truncated".
	Bounded Kind = "bounded"
)

var kinds = []Kind{Happy, Unreachable, Refused, Timeout, Cancelled, Bounded}

// Every stands in Case.Action for all supported actions, each with the arguments of its first happy case. In
// Exception.Action it stands for all actions.
const Every = "*"

// Values are attributes by name. They are converted to the types of the schema; the rest is null.
type Values = map[string]cty.Value

// Suite is all that is tested of one provider.
type Suite struct {
	Provider *provider.Provider
	// Host is the surroundings; the zero value is an empty environment. A nil Log is replaced by one that the suite
	// searches for secrets.
	Host provider.Host
	// Config is the provider block of the cases that have none of their own; nil: no block.
	Config Values
	// Dir is where relative paths start.
	Dir string
	// Secrets must not appear in an error, a summary, a warning, a log line, nor unmarked in a result.
	Secrets []string
	Cases   []Case
	// Exceptions says which kinds can't exist for which actions.
	Exceptions []Exception
}

// Case is one call of an action and what must come of it.
type Case struct {
	// Name tells cases of one kind and action apart; may be empty.
	Name string
	Kind Kind
	// Action is a full name, or [Every].
	Action string
	// Config, if not nil, is the provider block in place of the suite's.
	Config Values
	Args   Values
	// Effect is what the author stated; nil: the action's own classification.
	Effect *provider.Effect
	// ReadOnly opens the client read-only and says so in the call.
	ReadOnly bool
	// Answer is what a person said, for an action that asks one.
	Answer *provider.Answer
	// Deadline bounds a Timeout case (200ms if zero). A Cancelled case is interrupted after the same time.
	Deadline time.Duration
	// Slack is how much later than that the action may end (4s if zero: test machines are busy).
	Slack time.Duration

	// Check looks at the result of a Happy or Bounded case, after the suite has.
	Check func(t *testing.T, result *provider.Result)
	// Volatile names what differs between two runs: "latency_ms", "pods.age_seconds". The names of a path's
	// attributes are joined with dots, indices are left out.
	Volatile []string
	// Once is true for a Happy case that can't be run twice with the same result.
	Once bool
	// Failure is text that the result's own failure must contain; empty: there must be none.
	Failure string

	// Endpoint is text that the error must contain: the address that was talked to. Required for the error kinds.
	Endpoint string
	// Words must each be in the error, in any case: "refused", "password".
	Words []string
}

// Exception states why an action has no case of a kind.
type Exception struct {
	// Action is a full name, or [Every].
	Action string
	Kind   Kind
	// Reason is a sentence: "It reads a file, there is no peer."
	Reason string
}

// Run carries out the suite: the declarations, the coverage, then each case as a subtest.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("declarations", func(t *testing.T) { Declarations(t, s.Provider) })
	t.Run("coverage", func(t *testing.T) { report(t, s.coverage()) })
	for _, c := range s.expanded() {
		t.Run(c.title(), func(t *testing.T) { s.run(t, c) })
	}
}

// runners has the judge of each kind.
var runners = map[Kind]func(*Suite, *testing.T, Case){
	Happy:       (*Suite).happy,
	Unreachable: (*Suite).errs,
	Refused:     (*Suite).errs,
	Timeout:     (*Suite).timesOut,
	Cancelled:   (*Suite).isCancelled,
	Bounded:     (*Suite).bounded,
}

func (s *Suite) run(t *testing.T, c Case) {
	judge := runners[c.Kind]
	if judge == nil {
		t.Fatalf("case %s: no kind %q", c.title(), c.Kind)
	}
	if s.Provider.Action(c.Action) == nil {
		t.Fatalf("provider %s has no action %q", s.Provider.Name, c.Action)
	}
	judge(s, t, c)
}

func (c Case) title() string {
	title := c.Action + "/" + string(c.Kind)
	if c.Name != "" {
		title += "/" + c.Name
	}
	return title
}

// expanded resolves Every.
func (s *Suite) expanded() []Case {
	var cases []Case
	for _, c := range s.Cases {
		if c.Action != Every {
			cases = append(cases, c)
			continue
		}
		for _, a := range s.supported() {
			if happy, ok := s.firstHappy(a.Name); ok && !s.has(c.Kind, a.Name) && s.exception(c.Kind, a.Name) == "" {
				c.Action, c.Args, c.Effect = a.Name, happy.Args, happy.Effect
				cases = append(cases, c)
			}
		}
	}
	return cases
}

func (s *Suite) supported() []*provider.Spec {
	var specs []*provider.Spec
	for _, a := range s.Provider.Actions {
		if spec := a.Spec(); spec.Supported {
			specs = append(specs, spec)
		}
	}
	return specs
}

func (s *Suite) firstHappy(action string) (Case, bool) {
	for _, c := range s.Cases {
		if c.Kind == Happy && c.Action == action {
			return c, true
		}
	}
	return Case{}, false
}

// has reports whether the action has a case of the kind under its own name.
func (s *Suite) has(kind Kind, action string) bool {
	for _, c := range s.Cases {
		if c.Kind == kind && c.Action == action {
			return true
		}
	}
	return false
}
