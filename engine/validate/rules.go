package validate

import "github.com/e82355ed/runbook/engine/lang"

// rule is one thing that is checked. A rule looks at a file's own blocks or at each step, and reports what it finds.
type rule struct {
	// workspace is true for a rule that a workspace file alone is checked by; it has a file function.
	workspace bool
	file      func(*checker)
	step      func(*checker, *lang.Step)
}

// rules are all of them. Their order decides nothing: an expression is checked once, by whoever comes first, and what
// is found is sorted.
var rules = []rule{
	{file: variables, workspace: true},
	{file: locals, workspace: true},
	{file: configurations, workspace: true},
	{file: people, workspace: true},
	{file: notifiers, workspace: true},
	{file: owner},
	{file: schedule},
	{file: outputs},
	{step: forEach},
	{step: dependencies},
	{step: binding},
	{step: arguments},
	{step: groups},
	{step: conditions},
	{step: thresholds},
	{step: show},
	{step: remedies},
	{step: effect},
	{step: polls},
	{step: approval},
	{step: asking},
	{step: undo},
	{step: child},
	{step: policies},
}
