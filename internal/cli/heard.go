package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// heard takes note of the open questions that were answered from another shell meanwhile, and refuses answers beforehand to what is
// answered: the first answer counts.
func (o *resumeOptions) heard(ctx context.Context, s *stage, recalled *engine.Recalled, opts engine.RecallOptions) error {
	if err := o.told.takeGiven(ctx, opts.Journal); err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	for i := range o.told.Waits {
		if w := &o.told.Waits[i]; w.Given != nil && s.text != nil {
			s.text.Given(w.Step, w.Given.answer())
		}
	}
	for _, step := range slices.Sorted(maps.Keys(opts.Answers)) {
		refuse := func(by string, at time.Time) error {
			return fmt.Errorf("nothing was run: --answer %s: the step was answered by %s at %s, and the first answer counts", step, by, provider.Moment(at))
		}
		if i := o.told.waits(step); i >= 0 {
			if given := o.told.Waits[i].Given; given != nil {
				return refuse(given.By, given.At)
			}
			continue
		}
		again := slices.ContainsFunc(recalled.Affected, func(affected string) bool { return run.Covers(affected, step) })
		if a, was := o.told.Answered[step]; was && !again && recalled.Past.Over(step) {
			return refuse(a.By, a.At)
		}
	}
	return nil
}
