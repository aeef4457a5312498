package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// origin is where and when statements were sent, by the server's own account.
type origin struct {
	// PID is the server process that answered At this time by its clock: one of that number that began later is another.
	PID int64     `json:"pid"`
	At  time.Time `json:"at"`
	// Until is when the time of the statements was over, by that clock; zero: it never was.
	// A wait for the history comes on top: of what was committed after it, on a server that was started again, a person judges.
	Until time.Time `json:"until,omitzero"`
	// Started is when the server was started. No two servers have the same, not even a server and its replica.
	Started time.Time `json:"started"`
	// System identifies the server's data; a replica and what is brought back from a backup have the same. Empty: the role may not know.
	System string `json:"system,omitempty"`
	// standby says that the server follows another.
	standby bool
}

// The identifier is asked for in a statement of its own, as whoever may not know it is refused the whole.
const (
	originSQL = `SELECT pg_catalog.pg_backend_pid() AS pid, extract(epoch FROM pg_catalog.clock_timestamp()) AS at,
		extract(epoch FROM pg_catalog.pg_postmaster_start_time()) AS started, pg_catalog.pg_is_in_recovery() AS standby`
	originAndSystemSQL = originSQL + ", (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()) AS system"
)

func originOf(t table, named bool) (*origin, error) {
	set := rowsOf(t)
	r := set.only()
	o := &origin{PID: r.integer("pid"), At: r.time("at"), Started: r.time("started"), standby: r.bool("standby")}
	if named {
		o.System = r.text("system")
	}
	return o, set.err
}

// origin asks the server that is there now.
func (c *client) origin(ctx context.Context) (*origin, error) {
	tables, err := c.look(ctx, execOp, statement{sql: originAndSystemSQL})
	if err == nil {
		return originOf(tables[0], true)
	}
	if sqlState(err) == "" {
		return nil, err
	}
	if tables, err = c.look(ctx, execOp, statement{sql: originSQL}); err != nil {
		return nil, err
	}
	return originOf(tables[0], false)
}

// locate asks the server that the statements are about to be sent to. A refusal leaves it unknown: nothing is given up for that.
func (x *execution) locate(ctx context.Context) error {
	for _, ask := range []struct {
		sql   string
		named bool
	}{{originAndSystemSQL, true}, {originSQL, false}} {
		a, err := x.send(ctx, ask.sql, nil, 1)
		if errors.As(err, new(*pgconn.PgError)) {
			continue
		}
		if err != nil {
			return x.ended(ctx, err, true)
		}
		if x.server, err = originOf(a.table, ask.named); err != nil {
			return x.ended(ctx, err, true)
		}
		if deadline, ok := ctx.Deadline(); ok {
			x.server.Until = x.server.At.Add(time.Until(deadline))
		}
		return nil
	}
	return nil
}
