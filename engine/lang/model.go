package lang

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// Runbook is one decoded runbook file with its workspace merged in. It is immutable after [Load].
type Runbook struct {
	Name        string
	Title       string
	Description string
	// Owner is an expression: a string or a contact.
	Owner      *Expr
	Severity   string
	MTTRTarget time.Duration // zero: none
	Tags       []string
	Issue      string
	Timeout    time.Duration // zero: none
	// MaxParallel is how many steps run at once; the default is 16.
	MaxParallel int
	// StopOnFailure is true for on_failure = "stop".
	StopOnFailure bool
	Lock          string
	Schedule      *Schedule
	Range         hcl.Range

	// File is the path as it was given; Dir is the absolute folder of the file.
	File, Dir string
	// Workspace is the path of the workspace file, or empty.
	Workspace string
	// Workspaces are the paths of all workspace files whose policies and environments hold, the nearest first.
	Workspaces []string
	// Sources are the parsed files by file name, for diagnostics.
	Sources map[string]*hcl.File

	Variables   map[string]*Variable
	Locals      map[string]*Local
	Providers   []*ProviderConfig
	Steps       []*Step // in the order of the file, checks among them
	Outputs     []*Output
	Contacts    map[string]*Contact
	Escalations map[string]*Escalation
	// Environments are the runbook's and the workspace's by name; Environment is the one that was chosen, nil: none.
	Environments map[string]*Environment
	Environment  *Environment
	// Policies all hold: the runbook's own, the workspace's, the chosen environment's, then those of the runbook that
	// runs this one.
	Policies []*Policy

	stepsByName map[string]*Step
	nested      int // steps of this and of the runbooks that it runs
}

// Step finds a step or check by name; nil where there is none.
func (r *Runbook) Step(name string) *Step { return r.stepsByName[name] }

// ConfigOf is the provider block that a step uses; nil where there is none.
func (r *Runbook) ConfigOf(s *Step) *ProviderConfig {
	if s.IsCheck() || s.Provider == nil {
		return nil
	}
	alias := ""
	if s.ProviderRef != nil {
		alias = s.ProviderRef.Alias
	}
	for _, b := range r.Providers {
		if b.Provider == s.Provider.Name && b.Alias == alias {
			return b
		}
	}
	return nil
}

// HasProvider reports whether there is a provider block of an address, "kubernetes" or "kubernetes.eu".
func (r *Runbook) HasProvider(address string) bool {
	name, alias, _ := strings.Cut(address, ".")
	return slices.ContainsFunc(r.Providers, func(c *ProviderConfig) bool { return c.Provider == name && c.Alias == alias })
}

// Schedule is when the runbook is meant to run.
type Schedule struct {
	Cron, Timezone string
	Range          hcl.Range
	// CronRange and TimezoneRange are the values' places.
	CronRange, TimezoneRange hcl.Range
}

// Expr is an expression of a runbook with the names that it refers to, found once at load.
type Expr struct {
	hclsyntax.Expression
	// Refs are its references in source order; locals are not expanded.
	Refs []Ref
	// Source is its text in the file.
	Source string

	base  int  // the position in the file that Source begins at
	timed bool // it may call now
	// original is what it was before values came in the place of its parts; nil: it is as it was.
	original *Expr
	json     string // the text of the JSON value that it is, or stands in; empty: it is an expression of the native syntax
}

// RefKind is the first word of a reference.
type RefKind string

// The kinds of references, named as they are written.
const (
	RefVar        RefKind = "var"
	RefLocal      RefKind = "local"
	RefStep       RefKind = "step"
	RefEach       RefKind = "each"
	RefSelf       RefKind = "self"
	RefValue      RefKind = "value"
	RefContact    RefKind = "contact"
	RefEscalation RefKind = "escalation"
	RefRun        RefKind = "run"
	RefRunbook    RefKind = "runbook"
)

// Ref is one reference in an expression.
type Ref struct {
	Kind RefKind
	// Name is the second word: the variable, local or step; empty for self and value.
	Name string
	// OutcomeOnly is true for a step reference that reads only outcome, error, duration_ms or attempts: it orders, and
	// does not block under run_if = "success".
	OutcomeOnly bool
	// Traversal is the whole reference as written.
	Traversal hcl.Traversal
	Range     hcl.Range
}

// Variable is an input of the runbook or the workspace.
type Variable struct {
	Name string
	// Type is the type constraint; cty.DynamicPseudoType where none is written.
	Type cty.Type
	// Default is cty.NilVal where the variable must be set.
	Default     cty.Value
	Description string
	Sensitive   bool
	Nullable    bool
	Validations []*Condition
	Range       hcl.Range

	typed    bool               // a type is written
	optional *typeexpr.Defaults // of optional attributes of object types
}

// Condition is a condition with the message for when it does not hold.
type Condition struct {
	Condition    *Expr
	ErrorMessage *Expr // nil: written by the engine
	Range        hcl.Range
}

// Local is a named expression.
type Local struct {
	Name  string
	Value *Expr
	Range hcl.Range
}

// ProviderConfig is a provider block.
type ProviderConfig struct {
	// Provider is the provider's name, Alias its alias or empty.
	Provider, Alias string
	Schema          *provider.Provider // nil where the provider is unknown
	ForEach         *Expr              // nil: a single configuration
	MaxParallel     int                // zero: unbounded
	// Config holds the configuration's attributes by name.
	Config map[string]*Attr
	// Dir is the folder of the file that writes the block.
	Dir   string
	Range hcl.Range
}

// Address is what refers to the block, "kubernetes" or "kubernetes.eu".
func (c *ProviderConfig) Address() string {
	if c.Alias == "" {
		return c.Provider
	}
	return c.Provider + "." + c.Alias
}

// Place is where the block stands, for a sentence: with the folder, as each folder above a runbook may have a workspace file.
func (c *ProviderConfig) Place() string {
	return fmt.Sprintf("%s:%d", c.Range.Filename, c.Range.Start.Line)
}

// Attr is a named expression with its places.
type Attr struct {
	Name      string
	Expr      *Expr
	Range     hcl.Range
	NameRange hcl.Range
}

// RunIf says after which outcomes of its dependencies a step runs.
type RunIf string

// The values of run_if.
const (
	RunIfSuccess    RunIf = "success"
	RunIfNoneFailed RunIf = "none_failed"
	RunIfFailure    RunIf = "failure"
	RunIfAlways     RunIf = "always"
)

// Step is a step, or a check: a step without an action.
type Step struct {
	// Name is unique among steps and checks; Action is empty for a check.
	Name, Action string
	// Index is the step's place in the file, from 0.
	Index int
	// Provider and Spec are nil for a check and where the action is unknown.
	Provider *provider.Provider
	Spec     provider.Action
	// Args holds the action's arguments by name.
	Args map[string]*Attr

	Description string
	DependsOn   []Ref
	When        *Expr
	RunIf       RunIf
	ForEach     *Expr
	// ProviderRef names the configuration, nil for the default one.
	ProviderRef *ProviderRef
	// Timeout bounds one attempt; zero: none. TimeoutSet says that the author wrote it.
	Timeout         time.Duration
	TimeoutSet      bool
	Precondition    *Condition
	ContinueOnError bool
	Show            *Expr
	// Effect is what the author stated; nil: what the action declares.
	Effect      *provider.Effect
	EffectRange hcl.Range
	Retry       *Retry // nil: one attempt
	Poll        *Poll  // nil: one read
	Asserts     []*Assert
	Thresholds  []*Threshold
	Remedies    []*Remedy
	RunsOn      string
	// Approval is nil where nobody must approve; Escalation is whom to call while the step waits for a person, nil: nobody.
	Approval   *Approval
	Escalation *Expr
	// Undo is what takes the step's effect back; nil: nothing does.
	Undo *Undo
	// Child is the runbook that a step "runbook" runs; nil for other steps.
	Child *Runbook
	// Dir is the folder of the file that writes the step.
	Dir string
	// Range is the block's header, ActionRange and NameRange its labels.
	Range, ActionRange, NameRange hcl.Range

	escalationAt hcl.Range
}

// HasArg reports whether the step's text gives an argument, be it null.
func (s *Step) HasArg(argument string) bool { return s.Args[argument] != nil }

// Argument is what the step writes as an argument; nil: it does not, or there is no step.
func (s *Step) Argument(name string) *Expr {
	if s == nil || s.Args[name] == nil {
		return nil
	}
	return s.Args[name].Expr
}

// IsCheck reports whether the step is a check block.
func (s *Step) IsCheck() bool { return s.Action == "" }

// Approval is a person's yes that a step needs.
type Approval struct {
	Prompt *Expr // nil: written by the engine
	// Approvers is a string or a contact, or a list of them; nil: anybody may approve.
	Approvers *Expr
	Timeout   time.Duration // zero: none
	// Escalate is true for on_timeout = "escalate"; otherwise the step fails when the time is over.
	Escalate   bool
	Escalation *Expr // nil: nobody is called
	Range      hcl.Range

	onTimeout hcl.Range
}

// Undo is an undo block.
type Undo struct {
	// OnEnd is on = "end": it runs at the end of the run whatever happened. Otherwise it runs when the run stops after a
	// failure.
	OnEnd bool
	// Step carries it out: its name is that of the step it belongs to, its arguments may refer to self. Of the same provider, it acts through
	// the step's configuration unless it names one.
	Step  *Step
	Range hcl.Range
}

// Environment is where runbooks of a workspace run: "production".
type Environment struct {
	Name string
	// Variables are values of variables, by name.
	Variables map[string]*Attr
	// Policy is nil where the environment has none.
	Policy *Policy
	Range  hcl.Range

	outer []*Policy // of the environments of this name in workspaces above the one that has it
}

// Policy is what runbooks may do. Nil lists allow everything; an empty one nothing.
type Policy struct {
	// Effects are those that steps may have; Approve those that need an approval.
	Effects, Approve []provider.Effect
	// Providers are names of providers that may be used; Commands the programs that local_command may start.
	Providers, Commands []string
	// Places of the attributes, for diagnostics.
	EffectsRange, ApproveRange, ProvidersRange, CommandsRange hcl.Range
	Range                                                     hcl.Range
	// Faulty are the attributes that have an error. A runbook with one is not run, so no step is held against them.
	Faulty []string
}

// ProviderRef is `provider = provider.kubernetes.eu` or `provider.kubernetes[each.key]`.
type ProviderRef struct {
	Provider string
	Alias    string // empty for the default configuration and for a keyed one
	Key      *Expr  // nil unless indexed
	Range    hcl.Range
}

// Retry repeats a step after an error.
type Retry struct {
	// Attempts counts the first.
	Attempts        int
	Delay, MaxDelay time.Duration
	// Constant is backoff = "constant"; otherwise exponential with full jitter.
	Constant bool
	// Writes allows a write to be repeated.
	Writes bool
	Range  hcl.Range
}

// Poll repeats a read until a condition holds.
type Poll struct {
	Until                   *Expr
	Interval, Timeout, Hold time.Duration
	Range                   hcl.Range
}

// Severity is what an assertion that does not hold does to its step's outcome.
type Severity string

// The severities of an assertion.
const (
	SeverityFail Severity = "fail"
	SeverityWarn Severity = "warn"
	SeverityInfo Severity = "info"
)

// Assert is a condition on a result.
type Assert struct {
	Condition    *Expr
	ErrorMessage *Expr // nil: written by the engine
	Severity     Severity
	AllowEmpty   bool
	Remedies     []*Remedy
	Range        hcl.Range
}

// Threshold is a named number with what it must be and what is worth a warning. At least one of Expect and Warn is set.
type Threshold struct {
	Name         string
	Value        *Expr
	Unit         string
	Expect, Warn *Expr
	Remedies     []*Remedy
	Range        hcl.Range
}

// Remedy is what to do when a step does not pass. Nil parts are not written.
type Remedy struct {
	Text, Guide, Contact, Escalation *Expr
	Range                            hcl.Range
}

// Output is a value that the run gives.
type Output struct {
	Name        string
	Value       *Expr
	Description string
	Sensitive   bool
	Range       hcl.Range
}

// Contact is a person, a team or a vendor. Empty fields are not written.
type Contact struct {
	// ID is the block's label, Name the person's name.
	ID, Name, Role, Phone, Email, Slack, PagerDuty, URL, Hours string
	Range                                                      hcl.Range
}

// Escalation is an ordered list of whom to call when.
type Escalation struct {
	Name   string
	Levels []*Level
	Range  hcl.Range
}

// Level is one level of an escalation.
type Level struct {
	Contact *Expr
	After   time.Duration
	Brief   string
	// Notify is the action that tells the contact; nil: the level is shown and recorded alone. It is no step of the runbook: its
	// name says which level of which escalation it belongs to, and its arguments may refer to self, the level.
	Notify *Step
	Range  hcl.Range
}
