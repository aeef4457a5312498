package local

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// headway follows an attempt up to the call of its action, so that one whose time is over by then tells what it went by with.
type headway struct {
	since time.Time
	most  time.Duration
	while string
}

func beginHeadway() *headway { return &headway{since: time.Now()} }

// past takes in that a part is over; while says what was done in it.
func (h *headway) past(while string) {
	now := time.Now()
	if took := now.Sub(h.since); took >= h.most {
		h.most, h.while = took, while
	}
	h.since = now
}

// goOn takes in that the time of the attempt goes on, which stood still.
func (h *headway) goOn() { h.since = time.Now() }

// notStarted explains the error of an action that was not called, as the time for it was over; any other stays as it is.
func (r *runner) notStarted(h *headway, step *lang.Step, local lang.Frame, args cty.Value, err error) error {
	if !errors.Is(err, provider.ErrNotStarted) {
		return err
	}
	h.past("the machine had other work")
	e := &provider.Error{
		Op: step.Action, Endpoint: step.Spec.Spec().Target(args), NothingDone: true, Err: fmt.Errorf("%w: %s of its time went by while %s", provider.ErrNotStarted, provider.Told(h.most), h.while),
		Hint: "Raise its timeout, or lower the runbook's max_parallel where that keeps the machine busy.",
	}
	if on := r.system(step, local); on != nil {
		e.Endpoint = cmp.Or(e.Endpoint, on.Target) + " (provider." + on.Provider + ")"
	}
	return e
}
