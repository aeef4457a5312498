package postgres

import (
	"context"
	"errors"

	"github.com/e82355ed/runbook/engine/provider"
)

// seesChanges reports whether it can be told afterwards if the statements changed anything: all they do is known, and happens here. An
// error says that the time for finding out is over.
func (c *client) seesChanges(ctx context.Context, list []change) (bool, error) {
	for _, ch := range list {
		if ch.tree == nil || ch.outside || !ch.tree.Whole() || ch.tree.Kind() == "SelectStmt" {
			return false, nil
		}
	}
	for _, ch := range list {
		if !ch.tree.ChangesRows() {
			continue
		}
		why := c.mayAct(ctx, ch.sql)
		if told, ok := errors.AsType[*provider.Error](why); ok && ctx.Err() != nil {
			return false, told
		}
		if why != nil {
			return false, nil //nolint:nilerr // it says why it can't be told
		}
	}
	return true, nil
}

// mayAct says why a change of rows may call what acts by other means than a change of rows: it notifies, or asks another
// server. What can't be looked up may.
func (c *client) mayAct(ctx context.Context, sql string) error {
	return c.hold(ctx, execOp, "EXPLAIN "+sql, object.sparedInChange)
}

// sparedInChange reports whether a change may call the function and yet leave everything as it was: a default that takes a number from a
// sequence, and what planning spares of functions that are declared to change nothing.
func (o object) sparedInChange() bool {
	return o.kind == "function" && o.spared() && (o.own || o.volatility != "v")
}

// lookForChanges notes whether the statements left everything as it was. What changes or locks a row, be it a trigger's or a rule's doing,
// gets a number for that from the server, and within a savepoint one of its own, which the session holds a lock on. A change on another
// server, through a foreign table, does not: there the lock on that table tells.
func (x *execution) lookForChanges(ctx context.Context) error {
	a, err := x.send(ctx, `SELECT pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 AS unchanged
		FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation
		WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND (l.locktype OPERATOR(pg_catalog.=) 'transactionid'
			AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock' OR c.relkind OPERATOR(pg_catalog.=) 'f' AND l.mode OPERATOR(pg_catalog.=) 'RowExclusiveLock')`, nil, 1)
	if err != nil {
		return err
	}
	x.result.unchanged = rowsOf(a.table).only().bool("unchanged")
	return nil
}
