package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// previewExec gives the planner's estimate of the rows, where the server can plan the statement without carrying out
// anything, and the tables whose rows go with deleted ones.
func previewExec(ctx context.Context, in *provider.In[*client, execArgs]) ([]provider.Change, error) {
	list, err := changes(ctx, in)
	if err != nil {
		return nil, err
	}
	var out []provider.Change
	for _, ch := range list {
		if ch.tree == nil {
			continue
		}
		verb, table := ch.tree.Change()
		explain := "EXPLAIN (FORMAT JSON) " + ch.sql
		// Planning calls functions that are declared immutable, so they are held against the list too.
		if verb == "" || in.Client.permit(ctx, execOp, explain) != nil {
			continue
		}
		tables, _, err := in.Client.read(ctx, execOp, statement{sql: explain, params: ch.params.plain()})
		if sqlState(err) != "" {
			continue // a table that an earlier statement of the list makes
		}
		if err != nil {
			return nil, err
		}
		if rows, ok := plannedRows(tables[0]); ok {
			out = append(out, estimate(verb, table, rows))
		}
		if verb != sqlparse.Delete {
			continue
		}
		followed, err := previewReached(ctx, in.Client, table)
		if err != nil {
			return nil, err
		}
		out = append(out, followed...)
	}
	return out, nil
}

func estimate(verb string, table sqlparse.Name, rows int64) provider.Change {
	c := provider.Change{Path: table.String(), Before: "the rows that match now", After: fmt.Sprintf("%s of about %d rows, as the planner estimates", verb, rows)}
	if rows == 1 {
		c.After = verb + " of about 1 row, as the planner estimates"
	}
	if verb == sqlparse.Insert {
		c.Before = "the rows that are there"
	}
	return c
}

// previewReached tells which tables the foreign keys change with rows that are deleted.
func previewReached(ctx context.Context, c *client, name sqlparse.Name) ([]provider.Change, error) {
	tables, _, err := c.read(ctx, execOp, statement{sql: reachedSQL, params: [][]byte{[]byte(quoteName(name)), []byte("d")}})
	if err != nil {
		return nil, err
	}
	var out []provider.Change
	set := rowsOf(tables[0])
	for _, r := range set.rows {
		if !r.bool("partition") {
			out = append(out, provider.Change{Path: r.text("name"), Before: "the rows that refer to those", After: fmt.Sprintf("changed with them (%s)", r.text("by"))})
		}
	}
	return out, set.err
}

// plannedRows reads EXPLAIN (FORMAT JSON): of a change, the rows below it are those that it will touch.
func plannedRows(t table) (int64, bool) {
	type plan struct {
		Rows  int64  `json:"Plan Rows"`
		Plans []plan `json:"Plans"`
	}
	var list []struct{ Plan plan }
	if len(t.rows) != 1 || json.Unmarshal(t.rows[0][0], &list) != nil || len(list) != 1 {
		return 0, false
	}
	top := list[0].Plan
	if len(top.Plans) == 0 {
		return top.Rows, true
	}
	return top.Plans[0].Rows, true
}
