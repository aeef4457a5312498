package process

import (
	"os"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// ID names one process of one boot of one machine.
type ID struct {
	// Host is the machine's name, for people: two machines may have the same.
	Host string
	// Boot is the id of the machine's boot with that of the process namespace, as a number counts in one namespace only.
	// Empty: nothing can be said about processes here.
	Boot string
	PID  int
	// Start is when the process began, in the kernel's ticks since boot.
	Start uint64
}

// Self is this process. What the system does not tell stays empty; a lock is then freed by the end of its lease alone.
func Self() ID {
	id := ID{PID: os.Getpid()}
	if host, err := os.Hostname(); err == nil {
		id.Host = host
	}
	boot := boot()
	start, alive := started(id.PID)
	if boot != "" && alive && start > 0 {
		id.Boot, id.Start = boot, start
	}
	return id
}

// Owner is the owner of locks that this process takes for a run.
func (id ID) Owner(run, runbook, user string) journal.Owner {
	return journal.Owner{
		Run: run, Runbook: runbook, User: user, Host: id.Host, Boot: id.Boot, PID: id.PID, ProcessStart: id.Start,
	}
}

// Sees reports whether this process can tell what became of an owner's: both are of one boot and one namespace.
func (id ID) Sees(o journal.Owner) bool { return id.Boot != "" && id.Boot == o.Boot && o.PID > 0 }

// Gone reports whether an owner's process provably is no more. A process that this one can't see is not gone.
func (id ID) Gone(o journal.Owner) bool {
	if !id.Sees(o) {
		return false
	}
	start, alive := started(o.PID)
	return !alive || start > 0 && start != o.ProcessStart
}

// Uptime is the time since boot, with what the machine slept; zero where the system does not tell. No change of the wall
// clock moves it.
func (id ID) Uptime() time.Duration {
	if id.Boot == "" {
		return 0
	}
	return uptime()
}
