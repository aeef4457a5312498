package report

import (
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// verdict is what a CI makes of a test.
type verdict uint8

const (
	passed verdict = iota
	failed
	erred
	skipped
)

// testCase is a step, an undo or something else of a run as a CI counts tests.
type testCase struct {
	verdict verdict
	name    string
	// message is one line, and evidence what stands below it.
	message  string
	evidence []string
	// out is what is told beside: what people said, warnings and what was shown of a step that passed.
	out    []string
	did    *Did
	source string
}

// verdicts are those of the outcomes.
var verdicts = map[run.Outcome]verdict{
	run.Pass: passed, run.Warn: passed, run.Fail: failed, run.Error: erred, run.Skipped: skipped, run.Blocked: skipped, run.Cancelled: skipped,
}

// cases are the tests of a run, with what went wrong beside its steps.
func (r *Run) cases() []testCase {
	var out []testCase
	for _, s := range r.Steps {
		if s.Gone {
			continue
		}
		c := r.caseOf(term.CleanLine(s.Step), s.line(), &s.Did)
		c.source = s.Source
		if q := s.open(); s.Outcome == "" && q != nil {
			c.verdict, c.message, c.evidence = skipped, s.line(), q.lines
		}
		c.out = append(s.before(), c.out...)
		for _, q := range s.Asked {
			if q.Answer != nil && !q.Pending {
				c.out = append(append(c.out, q.said), q.notes...)
			}
		}
		out = append(out, c)
	}
	for _, u := range r.Undos {
		c := r.caseOf(term.CleanLine(u.name), u.line(), &u.Did)
		c.out = append(u.settled(), c.out...)
		out = append(out, c)
	}
	for _, step := range r.NotUndone {
		out = append(out, testCase{verdict: erred, name: "undo " + term.CleanLine(step), message: "it was due, and did not run", did: &Did{}})
	}
	return r.caseOfTheEnd(append(out, r.casesOfTheRun()...))
}

// caseOf is the test of what did something.
func (r *Run) caseOf(name, message string, d *Did) testCase {
	c := testCase{verdict: verdicts[d.Outcome], name: name, message: message, did: d}
	switch {
	case d.doubt:
		c.verdict = erred
	case d.Outcome == "" && (d.waits || d.NotKept != ""):
		c.verdict = skipped
	case d.Outcome == "" && d.UnderWay && r.State == Running:
		c.verdict, c.message = skipped, "it is under way"
	case d.Outcome == "" && d.UnderWay:
		c.verdict, c.message = skipped, "it was under way"
	case d.Outcome == "":
		c.verdict, c.message = skipped, "it has not run"
	case d.InDoubt && c.verdict == skipped:
		c.verdict = erred
	}
	if c.verdict == skipped || c.verdict == passed {
		c.out = d.evidence
	} else {
		c.evidence = d.evidence
	}
	if d.Outcome == run.Warn {
		c.out = append([]string{"warned: " + c.message}, c.out...)
	}
	return c
}

// casesOfTheRun are what no step tells: an output without a value, and an end that is none.
func (r *Run) casesOfTheRun() []testCase {
	var out []testCase
	for _, o := range r.Outputs {
		if o.Error != "" && r.passed() {
			out = append(out, testCase{verdict: erred, name: "output " + o.Name, message: term.CleanLine(o.Error), did: &Did{}})
		}
	}
	c := testCase{verdict: erred, name: theRun, message: r.next(), did: &Did{}}
	switch {
	case r.Error != "":
		c.message = term.CleanLine(r.Error)
	case r.State == Running:
		c.verdict = skipped
	case r.State != Interrupted && r.State != BrokenOff:
		return out
	}
	return append(out, c)
}

// caseOfTheEnd adds a failure where nothing else tells why the exit status is not that of a success: the time was over, or a warning is not
// to pass.
func (r *Run) caseOfTheEnd(out []testCase) []testCase {
	bad := func(c testCase) bool { return c.verdict == failed || c.verdict == erred }
	if r.State != Ended || r.ExitStatus == nil || *r.ExitStatus == 0 || slices.ContainsFunc(out, bad) {
		return out
	}
	message := fmt.Sprintf("%s; the exit status is %d", r.stands(), *r.ExitStatus)
	if r.Reason != "" {
		message += " (stopped: " + r.Reason + ")"
	}
	return append(out, testCase{verdict: failed, name: theRun, message: message, did: &Did{}})
}

// theRun is the name of the test that is the run itself.
const theRun = "the run"

// valueLines lay out an output.
func valueLines(o *run.OutputValue) []string {
	switch {
	case o.Error != "":
		return []string{"no value: " + term.CleanLine(o.Error)}
	case o.Sensitive:
		return []string{"(sensitive)"}
	}
	if lines := view.Value(o.Value); lines != nil {
		return lines
	}
	return []string{term.CleanLine(string(o.Value))}
}
