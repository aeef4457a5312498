package postgres

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// holders are the connections of a pool that are in use, each with the address of the step that uses it; empty: no step does.
type holders struct{ all sync.Map }

// held is a connection that is in use until it is released or taken out of the pool.
type held struct {
	taken *pgxpool.Conn
	of    *holders
}

func (h *holders) hold(conn *pgxpool.Conn, step string) *held {
	h.all.Store(conn, step)
	return &held{taken: conn, of: h}
}

// Conn is the connection itself.
func (h *held) Conn() *pgx.Conn { return h.taken.Conn() }

// Release gives the connection back; a second time it does nothing.
func (h *held) Release() {
	h.of.all.Delete(h.taken)
	h.taken.Release()
}

// Hijack takes it out of the pool, which may make another in its place.
func (h *held) Hijack() *pgx.Conn {
	h.of.all.Delete(h.taken)
	return h.taken.Hijack()
}

// String is "step report uses", "the steps report and vacuum use": who is waited for.
func (h *holders) String() string {
	var steps []string
	h.all.Range(func(_, step any) bool {
		if s, ok := step.(string); ok && s != "" {
			steps = append(steps, s)
		}
		return true
	})
	slices.Sort(steps)
	steps = slices.Compact(steps)
	switch last := len(steps) - 1; {
	case last < 0:
		return "other steps use"
	case last == 0:
		return fmt.Sprintf("step %s uses", steps[0])
	default:
		return fmt.Sprintf("the steps %s and %s use", strings.Join(steps[:last], ", "), steps[last])
	}
}
