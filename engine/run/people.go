package run

import (
	"encoding/json"
	"strings"
	"time"
)

// What a step waits for: the values of [Event].For.
const (
	ForPoll     = "poll"     // its next read
	ForPreview  = "preview"  // the system, which tells what a change would do; a question follows
	ForApproval = "approval" // a person who lets it change something
	ForAnswer   = "answer"   // a person's answer, which is its result
	ForWrites   = "writes"   // a person's yes to writes that only the run could list
)

// QuestionKind is what kind of answer a question takes.
type QuestionKind string

// The kinds of questions.
const (
	AskApproval  QuestionKind = "approval"  // yes or no, bound to arguments
	AskConfirm   QuestionKind = "confirm"   // yes or no
	AskChecklist QuestionKind = "checklist" // which of the items are done
	AskInput     QuestionKind = "input"     // a value
)

// Question is what a step asks a person. It never holds a sensitive value.
type Question struct {
	Kind   QuestionKind `json:"kind"`
	Prompt string       `json:"prompt"`
	// Items are a checklist's, in order; AllRequired says that one unchecked fails the step.
	Items       []string `json:"items,omitempty"`
	AllRequired bool     `json:"all_required,omitempty"`
	// Type is an input's: "string", "number" or "bool". Choices limit it, Pattern (RE2) must match it whole.
	Type    string          `json:"type,omitempty" blank:"-"`
	Choices []string        `json:"choices,omitempty"`
	Pattern string          `json:"pattern,omitempty"`
	Default json.RawMessage `json:"default,omitempty"`
	// Sensitive says that nobody may see the answer.
	Sensitive bool `json:"sensitive,omitempty"`
	// Approvers may answer; empty: anybody. They are the names of accounts, and no secrets.
	Approvers []string `json:"approvers,omitempty" blank:"-"`
	// Action, Effect, Target, Arguments and Changes are what an approval is about: what would be done, to what, with what,
	// and what a dry run says that it would change. Digest binds the answer to them (SHA-256, hexadecimal).
	Action    string          `json:"action,omitempty" blank:"-"`
	Effect    string          `json:"effect,omitempty" blank:"-"`
	Target    string          `json:"target,omitempty"`
	Arguments []ArgumentValue `json:"arguments,omitempty"`
	Changes   []Change        `json:"changes,omitempty"`
	// NoChange says that a dry run found nothing that it would change.
	NoChange bool `json:"no_change,omitempty"`
	// Undo is what will take that back, and is approved with it; nil: nothing does.
	Undo   *AskedUndo `json:"undo,omitempty"`
	Digest string     `json:"digest,omitempty" blank:"-"`
	// Keyed binds the answer to arguments that are not shown because they are sensitive: HMAC-SHA-256 (hexadecimal) with a key
	// that is sealed beside the event. It tells nothing without that key.
	Keyed string `json:"keyed,omitempty" blank:"-"`
	// Words is such a digest, with the same key, of the rest of the question, where something of that is not shown.
	Words string `json:"words,omitempty" blank:"-"`
	// Writes are what a question about several writes is about, one for each of Items; of an approval of a step that runs a runbook what
	// that writes, as far as it is known before it begins.
	Writes []ListedWrite `json:"writes,omitempty"`
	// OnTimeout is "fail", "escalate" or "default"; Deadline in the event says when.
	OnTimeout string `json:"on_timeout,omitempty" blank:"-"`
	// TimeoutAnswer is what counts as the answer then, with "default".
	TimeoutAnswer json.RawMessage `json:"timeout_answer,omitempty"`
	// Escalation is the name of the one that goes with the question, Levels are its levels in order.
	Escalation string  `json:"escalation,omitempty" blank:"-"`
	Levels     []Level `json:"levels,omitempty"`
	// Again says why it is asked once more though it was answered.
	Again *AskedAgain `json:"again,omitempty"`
}

// Why a question is asked once more: the values of AskedAgain.Why.
const (
	AgainOther    = "other"    // what it would do is not what was approved: Changes
	AgainChanged  = "changed"  // what it is made of has changed since it was asked, before an answer was taken in: Changes
	AgainRest     = "rest"     // a part of the runbook that the step runs took place, and the rest did not
	AgainUnread   = "unread"   // the answer is sensitive, and can't be read back
	AgainBefore   = "before"   // what comes before the step is done again, or the files have changed
	AgainNoKey    = "no_key"   // it holds something sensitive, and whether it has changed since it was asked can't be found out without the key of then: Changes
	AgainUnproven = "unproven" // whether sensitive arguments are those that were approved can't be found out
)

// AskedAgain is why the answer to a question came to nothing with a resume.
type AskedAgain struct {
	Why string `json:"why" blank:"-"`
	// By is who had answered.
	By string `json:"by,omitempty"`
	// Changes are the arguments that are others now, "target", and of a question that changed what else it shows. Where before and after
	// are both "(sensitive)", one of those changed at least.
	Changes []Change `json:"changes,omitempty"`
}

// Anew reports whether no answer counts that was given before the question is asked once more, whoever gave it.
func (a *AskedAgain) Anew() bool { return a.Why == AgainChanged || a.Why == AgainNoKey }

// Changed says what is different in a question that changed, for an answer to what it was. What is sensitive may be.
func (a *AskedAgain) Changed() string {
	if a.Why == AgainNoKey {
		return "what was asked is sensitive, and can't be read back without the key that it was asked with"
	}
	var seen, hidden []string
	for _, c := range a.Changes {
		if c.Before == c.After {
			hidden = append(hidden, c.Path)
		} else {
			seen = append(seen, c.Path)
		}
	}
	switch changed := "what is asked has changed since: "; {
	case len(seen) == 0:
		return changed + strings.Join(hidden, ", ")
	case len(hidden) > 0:
		return changed + strings.Join(seen, ", ") + " (and, as it is sensitive, perhaps " + strings.Join(hidden, ", ") + ")"
	default:
		return changed + strings.Join(seen, ", ")
	}
}

// AskedUndo is the undo of a step that somebody approves.
type AskedUndo struct {
	Action string `json:"action" blank:"-"`
	// On is "failure" or "end".
	On string `json:"on" blank:"-"`
	// Effect is the worst that it may do; Unsure says that arguments which are not known yet decide whether it does.
	Effect string `json:"effect" blank:"-"`
	Unsure bool   `json:"unsure,omitempty" blank:"-"`
	// Target is empty where it is not known yet.
	Target string `json:"target,omitempty"`
	// Arguments stand as they are written where they use what the step will give. Uses is what is known by then of what these
	// refer to, by its expression.
	Arguments []ArgumentValue `json:"arguments,omitempty"`
	Uses      []ArgumentValue `json:"uses,omitempty"`
	// Written is a digest of how the files write it.
	Written string `json:"written" blank:"-"`
}

// String writes the undo in a line.
func (u *AskedUndo) String() string {
	when := ""
	if u.On == "end" {
		when = " at the end of the run"
	}
	return inALine(u.Action, u.Target, when, u.Arguments)
}

func inALine(action, target, when string, arguments []ArgumentValue) string {
	text := action
	if target != "" {
		text += " on " + target
	}
	text += when
	for i, a := range arguments {
		text += map[bool]string{true: " with ", false: ", "}[i == 0] + a.Name + " = " + a.Value
	}
	return text
}

// ListedWrite is one of the writes that only the run could list, or that a runbook which a step runs has.
type ListedWrite struct {
	// Key is that of the instance, or the address of the step in the runbook. Target is empty where the question has that of all.
	Key string `json:"key"`
	// Action and Effect are those of a step in a runbook, which may be a read with an undo that writes; empty: the question's.
	Action string `json:"action,omitempty" blank:"-"`
	Effect string `json:"effect,omitempty" blank:"-"`
	Target string `json:"target,omitempty"`
	// Arguments of a step in a runbook stand as they are written where they use what only its run gives; Uses is what is known of what these
	// refer to, by its expression.
	Arguments []ArgumentValue `json:"arguments,omitempty"`
	Uses      []ArgumentValue `json:"uses,omitempty"`
	Changes   []Change        `json:"changes,omitempty"`
	// NoChange is as in [Question].
	NoChange bool `json:"no_change,omitempty"`
	// Undo takes back what a step in a runbook does; nil: nothing does.
	Undo *AskedUndo `json:"undo,omitempty"`
	// Note says why it won't be carried out, or when it is, or why its arguments are not known.
	Note string `json:"note,omitempty"`
	// Done says of a step in a runbook of which a part took place in an earlier session when it did, and for which instances. It is not
	// repeated.
	Done string `json:"done,omitempty" blank:"-"`
	// Writes are those of the runbook that an instance runs.
	Writes []ListedWrite `json:"writes,omitempty"`
}

// String writes a step of a runbook in a line.
func (w *ListedWrite) String() string { return inALine(w.Action, w.Target, "", w.Arguments) }

// ArgumentValue is an argument as the language writes it.
type ArgumentValue struct {
	Name  string `json:"name" blank:"-"`
	Value string `json:"value"`
}

// Change is one thing that a write changes, written for people.
type Change struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Level is one level of an escalation.
type Level struct {
	// Number counts from 1.
	Number  int    `json:"number"`
	Contact string `json:"contact"`
	Brief   string `json:"brief,omitempty"`
	// AfterMS is how long after the wait began (or, with on_timeout = "escalate", after its time was over).
	AfterMS float64 `json:"after_ms"`
	// Notify is the action that tells the contact when the level falls due; empty: it is shown and recorded alone.
	Notify string `json:"notify,omitempty" blank:"-"`
}

// Untold is a level that fell due and whose contact is not known to have been told.
type Untold struct {
	Level
	// InDoubt says that nobody knows whether it was.
	InDoubt bool `json:"in_doubt,omitempty"`
}

// How an answer came in: the values of Answer.Via.
const (
	ViaTerminal = "terminal"
	ViaCommand  = "command" // runbook answer
	ViaFlag     = "flag"    // --answer
	ViaTimeout  = "timeout"
	ViaApprove  = "auto-approve"
)

// Answer is what somebody said.
type Answer struct {
	// Value is true or false for an approval or a confirmation, a list of the checked items, or an input's value.
	Value json.RawMessage `json:"value"`
	// By is who, "alice@ops".
	By string `json:"by"`
	// At is when it was sent, for one that came in later: with runbook answer.
	At *time.Time `json:"at,omitempty"`
	// Note is what else they said, Notes that by item of a checklist.
	Note  string            `json:"note,omitempty"`
	Notes map[string]string `json:"notes,omitempty"`
	// Sensitive says that the value is encrypted beside the event; it reads "(sensitive)" here.
	Sensitive bool `json:"sensitive,omitempty"`
	// Via is how the answer came in.
	Via string `json:"via" blank:"-"`
	// Digest is that of the approval that was answered.
	Digest string `json:"digest,omitempty" blank:"-"`
	// ID tells the answer from all others that were sent with runbook answer; empty: it came in otherwise.
	ID string `json:"id,omitempty" blank:"-"`
}

// Resolution is what became of a write in doubt.
type Resolution struct {
	// Decision is "done" (it counts as having taken place) or "redo" (it is sent again).
	Decision string `json:"decision" blank:"-"`
	// How is "inquired" (the system told), "declared" (the author allows to send it again as it was), "asked" or "flag"; Who decided,
	// and Why.
	How string `json:"how" blank:"-"`
	Who string `json:"who,omitempty"`
	Why string `json:"why,omitempty"`
	// StepGone says that the runbook does not have the step any more, so that nothing follows from the decision.
	StepGone bool `json:"step_gone,omitempty"`
	// InstanceGone says that for_each does not give the instance any more, so that nothing sends it again.
	InstanceGone bool `json:"instance_gone,omitempty"`
	// Failed says that it is about an undo that had failed, or was never sent, and which somebody has done by hand, or has
	// sent again though a part of it took place.
	Failed bool `json:"failed,omitempty"`
}

// HowDeclared is how a write was decided about of which nobody knows whether it took place, and which may be sent again as it was.
const HowDeclared = "declared"

// HowInquired is how one was decided about of which the system told whether it took place.
const HowInquired = "inquired"

// The decisions about a write in doubt.
const (
	DecisionDone = "done"
	DecisionRedo = "redo"
)

// FileRef is a file of the runbook as it was when the run began.
type FileRef struct {
	Path string `json:"path" blank:"-"`
	// SHA256 of the content, hexadecimal.
	SHA256 string `json:"sha256" blank:"-"`
	// Workspaces are those of a runbook among the files, the nearest first: links may have led to them that are gone since.
	Workspaces []string `json:"workspaces,omitempty" blank:"-"`
}

// Inputs are what the person who started a run gave, so that a resumed one goes on with the same.
type Inputs struct {
	// Variables by name as JSON; sensitive ones are "(sensitive)" here and sealed beside the event.
	Variables   map[string]json.RawMessage `json:"variables,omitempty" blank:"values"`
	Targets     []string                   `json:"targets,omitempty" blank:"-"`
	MaxParallel int                        `json:"max_parallel,omitempty"`
	TimeoutMS   float64                    `json:"timeout_ms,omitempty"`
	FailOnWarn  bool                       `json:"fail_on_warn,omitempty"`
	AutoApprove bool                       `json:"auto_approve,omitempty"`
	// Approved names by effect what AutoApprove was said of: steps that change something, and undos, as they were planned.
	Approved map[string][]string `json:"approved,omitempty" blank:"-"`
}

// Session is the process that runs a run for a while.
type Session struct {
	Host string `json:"host,omitempty" blank:"-"`
	PID  int    `json:"pid,omitempty"`
	// StartedAt is when this session began.
	StartedAt time.Time `json:"started_at"`
	User      string    `json:"user,omitempty"`
}
