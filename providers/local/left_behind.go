package local

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

// keyVariable holds a write's key in the environment of its program. Whatever the program starts inherits it, in
// whichever process group or session, so that all of it can be found once the engine is gone.
const keyVariable = "RUNBOOK_WRITE_KEY"

// commandNote is kept right before a program is started, and again with its process right after. No argument is in it.
type commandNote struct {
	// Program is the last part of the program's path.
	Program string `json:"program"`
	machine
	// PID is also the id of the process group and the session; 0: not known to have started.
	PID int `json:"pid,omitempty"`
	// StartTicks is the kernel's time of its start.
	StartTicks uint64     `json:"start_ticks,omitempty"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	// Ended says how it ended, where the step erred after that; empty: that is not noted.
	Ended string `json:"ended,omitempty"`
}

// remains are the processes of a write that run now.
func (n *commandNote) remains(key string) []stat {
	all := processes()
	ours := n.PID != 0 && n.machine == thisMachine()
	if ours {
		// An id is not given to another process while a group or a session has it.
		leader := slices.IndexFunc(all, func(s stat) bool { return s.pid == n.PID })
		ours = leader < 0 || all[leader].start == n.StartTicks
	}
	return slices.DeleteFunc(all, func(s stat) bool {
		grouped := ours && s.session == n.PID && s.start >= n.StartTicks
		return !grouped && (key == "" || variable(s.pid, keyVariable) != key)
	})
}

// inquireCommand looks for what is left of a program whose engine died.
func inquireCommand(_ context.Context, _ *provider.In[*client, commandArgs], sent provider.Sent) (*provider.Finding[commandResult], error) {
	if sent.Note == nil {
		if sent.Key == "" { // written by something that kept no notes
			return &provider.Finding[commandResult]{Why: "Nothing was noted of the program."}, nil
		}
		return &provider.Finding[commandResult]{State: provider.NotDone, Why: "The program was not started: that is noted first, and was not."}, nil
	}
	left, why, _, err := traces(sent)
	if err != nil {
		return nil, err
	}
	if left != "" {
		return &provider.Finding[commandResult]{State: provider.UnderWay, Why: left}, nil
	}
	return &provider.Finding[commandResult]{Why: why}, nil
}

// traces says what is left of a program of which something was noted; else why nothing is, and whether that is as it can't be seen from here.
func traces(sent provider.Sent) (left, why string, unseen bool, err error) {
	note := &commandNote{}
	if err := json.Unmarshal(sent.Note, note); err != nil {
		return "", "", false, fmt.Errorf("the note of the program: %w", err)
	}
	since := sent.At
	if note.StartedAt != nil {
		since = *note.StartedAt
	}
	if found := note.remains(sent.Key); len(found) > 0 {
		return note.underWay(found, since), "", false, nil
	}
	why, unseen = note.gone(since)
	return "", why, unseen, nil
}

// lingers looks for what is left of a program, without the arguments of its step.
func lingers(sent provider.Sent) (provider.Lingering, error) {
	if sent.Note == nil {
		return provider.Lingering{Runs: keyedSince(sent.Key, sent.At)}, nil
	}
	left, why, unseen, err := traces(sent)
	if !unseen {
		why = ""
	}
	return provider.Lingering{Runs: left, Unseen: why}, err
}

// keyed says what runs of a write of which nothing was noted, by its key.
func keyed(key string) string {
	left := (&commandNote{}).remains(key)
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("%s (pid %d); %s", left[0].name, left[0].pid, whatToDo(left))
}

// keyedSince is keyed for what was started at a time that is known, as of a read.
func keyedSince(key string, at time.Time) string {
	left := (&commandNote{}).remains(key)
	if len(left) == 0 || at.IsZero() {
		return keyed(key)
	}
	return (&commandNote{Program: left[0].name}).underWay(left, at)
}

// underWay says what still runs, in a sentence or two.
func (n *commandNote) underWay(left []stat, since time.Time) string {
	var group, away []string
	leader := left[0].session
	if n.PID != 0 {
		leader = n.PID
	}
	for _, s := range left {
		name := fmt.Sprintf("%s (pid %d)", s.name, s.pid)
		if s.session == leader {
			group = append(group, name)
		} else {
			away = append(away, name)
		}
	}
	text := n.Program + " has been running since " + provider.Moment(since)
	if len(group) > 0 {
		text += " in process group " + strconv.Itoa(leader) + ": " + strings.Join(group, ", ")
	}
	if len(away) > 0 {
		text += "; left the group: " + strings.Join(away, ", ")
	}
	return text + "; " + whatToDo(left)
}

// whatToDo is what a person can do about what was left behind. Groups are ended rather than processes: what they start meanwhile
// ends too. Nobody else is in them, as the program has a session of its own, and so has what has left that.
func whatToDo(left []stat) string {
	var ids, groups []string
	for _, s := range left {
		ids = append(ids, strconv.Itoa(s.pid))
		if group := strconv.Itoa(-s.group); !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return fmt.Sprintf("wait for it, or look at it (ps -fp %s) and end it with: kill -- %s", strings.Join(ids, ","), strings.Join(groups, " "))
}

// gone says why nothing more can be known, and whether that is as this machine can't see the program's.
func (n *commandNote) gone(since time.Time) (why string, unseen bool) {
	here := thisMachine()
	started := n.Program + " was started at " + provider.Moment(since)
	if n.PID == 0 {
		started = n.Program + " was about to be started at " + provider.Moment(since)
	}
	switch {
	case n.Ended != "":
		return "", false // the step's error has it
	case n.Host != here.Host:
		return fmt.Sprintf("%s on %s, and this is %s: look there whether it runs.", started, n.Host, here.Host), true
	case n.BootID != here.BootID:
		return started + ", and the machine was started anew since: how far it came is not known.", false
	case n.Namespace != here.Namespace:
		return started + " in another container, whose processes can't be seen from here.", true
	}
	return started + " and does not run any more: how it ended is not known.", false
}

// endAll asks processes to end, then kills them. They are listed anew each time: one that starts others while it is looked
// at is not lost.
func endAll(list func() []stat) {
	for _, way := range []struct {
		signal syscall.Signal
		within time.Duration
	}{{syscall.SIGTERM, grace}, {syscall.SIGKILL, drain}} {
		asked := map[stat]bool{}
		ended := waitFor(way.within, func() bool {
			left := list()
			for _, s := range left {
				who := stat{pid: s.pid, start: s.start}
				if asked[who] {
					continue
				}
				asked[who] = true
				_ = syscall.Kill(s.pid, way.signal)      // it may have ended by itself
				_ = syscall.Kill(s.pid, syscall.SIGCONT) // one that is stopped would not hear of it
			}
			return len(left) == 0
		})
		if ended {
			return
		}
	}
}

// twin refuses to start a program beside one that an earlier session of the run has left behind. The table of processes
// is searched once a session, before it starts its first program: what comes later is its own.
func (c *client) twin(key string) error {
	if key == "" {
		return nil
	}
	c.search.Do(func() {
		c.found = map[string]bool{}
		for _, s := range processes() {
			if k := variable(s.pid, keyVariable); k != "" {
				c.found[k] = true
			}
		}
	})
	if !c.found[key] {
		return nil
	}
	if left := keyed(key); left != "" {
		return fmt.Errorf("an earlier attempt at this step still runs: %s", left)
	}
	return nil
}
