package random

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

var (
	long  = flag.Bool("long", false, "try many seeds, as make chaos does")
	first = flag.Uint64("seed", 0, "try this seed alone; the first of many with -seeds")
	seeds = flag.Int("seeds", 0, "how many seeds to try")
)

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 1))} }

// TestRandomRuns plays random runs with random sessions. A failure prints the runbook, the sessions, the events and how to try the
// seed again: what happens side by side may take another order, so it tries a few times.
func TestRandomRuns(t *testing.T) {
	t.Parallel()
	from, count := uint64(1), 30
	switch {
	case *seeds > 0:
		from, count = max(*first, 1), *seeds
	case *first > 0:
		from, count = *first, 1
	case *long:
		count = 3000
	}
	for seed := from; seed < from+uint64(count); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newStory(t, seed)
			defer func() {
				if t.Failed() {
					t.Log(s.tell(seed))
				}
			}()
			s.play()
		})
	}
}
