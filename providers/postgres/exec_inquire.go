package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type execFinding = provider.Finding[execResult]

// inquireExec asks the server what became of the statements.
func inquireExec(ctx context.Context, in *provider.In[*client, execArgs], sent provider.Sent) (*execFinding, error) {
	switch {
	case len(sent.Note) > 0:
	case in.Args.Transaction:
		return &execFinding{State: provider.NotDone, Why: "It ended before its transaction had a number, and no statement is sent before."}, nil
	default:
		return &execFinding{Why: noAccount}, nil
	}
	var note execNote
	if err := json.Unmarshal(sent.Note, &note); err != nil || note.XID == "" && in.Args.Transaction {
		return nil, in.Client.refuse(execOp, fmt.Errorf("the note of the transaction is not readable: %s", sent.Note))
	}
	now, err := in.Client.origin(ctx)
	switch {
	case err != nil:
		return nil, err
	case now.standby:
		return nil, in.Client.fail(execOp, errors.New("the server is a standby now, which may not know yet what the one that it follows did"))
	case note.XID == "":
		return inquireAlone(ctx, in, note.Server, now)
	}
	status, err := in.Client.fate(ctx, note.XID)
	if err != nil {
		return nil, err
	}
	return in.Client.judge(ctx, &note, now, status)
}

// What the server says of a transaction, beside "committed".
const (
	aborted    = "aborted"
	inProgress = "in progress"
	// future is a number that it has not given yet.
	future = "in the future"
	// forgotten is a number so old that it keeps no account of it.
	forgotten = ""
)

// fate is what the server says of a transaction.
func (c *client) fate(ctx context.Context, xid string) (string, error) {
	tables, err := c.look(ctx, execOp, statement{
		sql: "SELECT pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8) AS status", params: [][]byte{[]byte(xid)},
	})
	const invalidParameterValue = "22023"
	if sqlState(err) == invalidParameterValue {
		return future, nil
	}
	if err != nil {
		return "", err
	}
	set := rowsOf(tables[0])
	return set.only().text("status"), set.err
}

// judge tells from what the server says of a transaction what became of the statements.
//
// A number means a transaction only together with the server that gave it, and only until that is started again. A server that was
// killed may give a number once more that it had not written down; one that was brought back from a backup, and a replica that took over,
// give those again that they know nothing of. So "committed" may be of somebody else's.
//
// The rest is right of any server that goes on with the same data. Each number has one end in it: where that is not "committed", is yet
// to come, or belongs to a transaction of now while the one asked about ended with its server, nothing of the statements is there.
func (c *client) judge(ctx context.Context, note *execNote, now *origin, status string) (*execFinding, error) {
	says := fmt.Sprintf("The server says that transaction %s is %s", note.XID, status)
	was := note.Server
	switch {
	case status == forgotten:
		return &execFinding{Why: fmt.Sprintf("The server no longer knows transaction %s.", note.XID)}, nil
	case was != nil && was.System != "" && now.System != "" && was.System != now.System:
		return &execFinding{State: provider.Suspected, Why: fmt.Sprintf("%s, but it is another server than the one that it was sent to (system identifier %s, that was %s), "+
			"so that this is about another transaction. %s", says, now.System, was.System, lookAt)}, nil
	case status == aborted, status == future:
		return &execFinding{State: provider.NotDone, Why: says + "."}, nil
	case status == inProgress && was != nil && !was.Started.Equal(now.Started):
		return &execFinding{State: provider.NotDone, Why: says + ", which is another's by now: " + anew(was, now) + "."}, nil
	case status == inProgress:
		where, err := c.whereabouts(ctx, note.XID)
		return &execFinding{State: provider.UnderWay, Why: says + where}, err
	}
	return c.claimed(ctx, note, now, says)
}

// claimed tells whether a transaction that the server says is committed is the one that was sent.
func (c *client) claimed(ctx context.Context, note *execNote, now *origin, says string) (*execFinding, error) {
	was := note.Server
	if was == nil {
		return &execFinding{State: provider.Suspected, Why: says + ", but when that server was started was not kept with the write: " + perhapsAnothers}, nil
	}
	done := &execFinding{State: provider.Done, Why: says + "."}
	if note.Result != nil {
		done.Result = note.Result.result()
	}
	if was.Started.Equal(now.Started) {
		return done, nil
	}
	at, err := c.committedAt(ctx, note.XID)
	if err != nil {
		return nil, err
	}
	if was.covers(at, now) {
		done.Why = fmt.Sprintf("%s, at %s, before it was started again.", says, provider.Moment(at))
		return done, nil
	}
	return &execFinding{State: provider.Suspected, Why: fmt.Sprintf("%s, but %s: %s", says, anew(was, now), perhapsAnothers)}, nil
}

const (
	lookAt          = "Look at what the statements change."
	perhapsAnothers = "if it was brought back from a backup, or was a replica, that may be another's. " + lookAt
	noAccount       = "The statements ran without a transaction, and the server keeps no account of those."
)

// anew says what of a server is not as it was.
func anew(was, now *origin) string {
	if now.Started.After(was.At) {
		return "it was started again at " + provider.Moment(now.Started)
	}
	return "it is another server than the one that it was sent to (started at " + provider.Moment(now.Started) + ", that was at " + provider.Moment(was.Started) + ")"
}

// covers reports whether a transaction that ended at a time is the one that was sent: then its server had given the number to nobody
// else. That is so until it was started again. Of a replica, which was there all along, it can't be said; nor, of a server that
// was started more than once, for longer than the statements had.
func (o *origin) covers(end time.Time, now *origin) bool {
	return !end.IsZero() && !end.Before(o.At) && end.Before(now.Started) && (o.Until.IsZero() || end.Before(o.Until))
}

// short is a transaction's number as older catalogs have it.
const short = "($1::int8 % 4294967296)::text"

// committedAt is when a transaction was committed; zero where the server keeps no times.
func (c *client) committedAt(ctx context.Context, xid string) (time.Time, error) {
	tables, err := c.look(ctx, execOp, statement{params: [][]byte{[]byte(xid)}, sql: `SELECT extract(epoch FROM
		CASE WHEN pg_catalog.current_setting('track_commit_timestamp') = 'on' THEN pg_catalog.pg_xact_commit_timestamp(` + short + `::xid) END) AS at`})
	if err != nil {
		return time.Time{}, err
	}
	set := rowsOf(tables[0])
	return set.only().time("at"), set.err
}

// asItself is before a look at sessions: a role sees what those of its own do, and may have taken on another.
const asItself = "SET LOCAL ROLE NONE"

// whereabouts says which server process a transaction goes on in, and how to end it.
func (c *client) whereabouts(ctx context.Context, xid string) (string, error) {
	tables, err := c.look(ctx, execOp, statement{sql: asItself}, statement{params: [][]byte{[]byte(xid)}, sql: `SELECT pid, state LIKE 'idle%' AS idle,
		extract(epoch FROM xact_start) AS since FROM pg_catalog.pg_stat_activity WHERE backend_xid::text = ` + short})
	if err != nil {
		return "", err
	}
	set := rowsOf(tables[1])
	if len(set.rows) == 0 {
		return ". This role can't see where: look for backend_xid = " + xid + " in pg_stat_activity as one that sees all sessions (pg_read_all_stats), and in pg_prepared_xacts.", nil
	}
	r := set.rows[0]
	return fmt.Sprintf(", in server process %d, since %s; %s.", r.integer("pid"), provider.Moment(r.time("since")), howToEnd(r.integer("pid"), r.bool("idle"))), set.err
}

// howToEnd is what ends a session's statement. One that waits for a client that is gone has none to cancel.
func howToEnd(pid int64, idle bool) string {
	if idle {
		return fmt.Sprintf("it waits for a client that may be gone: end it with SELECT pg_terminate_backend(%d)", pid)
	}
	return fmt.Sprintf("wait for it, or end it with SELECT pg_cancel_backend(%d), and where that does not help with SELECT pg_terminate_backend(%[1]d)", pid)
}

// inquireAlone looks whether the server is still at statements that have no transaction around them. Nothing else is known of those.
func inquireAlone(ctx context.Context, in *provider.In[*client, execArgs], was, now *origin) (*execFinding, error) {
	if was == nil || !was.Started.Equal(now.Started) {
		return &execFinding{Why: noAccount}, nil
	}
	tables, err := in.Client.look(ctx, execOp, statement{sql: asItself}, statement{params: [][]byte{fmt.Append(nil, was.PID)}, sql: `SELECT state, query,
		extract(epoch FROM backend_start) AS began, extract(epoch FROM query_start) AS since FROM pg_catalog.pg_stat_activity WHERE pid = $1`})
	if err != nil {
		return nil, err
	}
	set := rowsOf(tables[1])
	if len(set.rows) == 0 {
		return &execFinding{Why: noAccount}, nil
	}
	r := set.rows[0]
	switch state := r.text("state"); {
	case r.time("began").After(was.At):
	case state == "" || state == "disabled":
		return &execFinding{State: provider.Suspected, Why: fmt.Sprintf("Server process %d, to which the statements were sent, is still there, and this role can't see what it does: look at it in "+
			"pg_stat_activity as one that can (pg_read_all_stats), and end it with SELECT pg_terminate_backend(%[1]d) if it is still at them.", was.PID)}, set.err
	case state == "active" && in.Args.holds(r.text("query")):
		return &execFinding{State: provider.UnderWay, Why: fmt.Sprintf("Server process %d has been at it since %s; %s.", was.PID, provider.Moment(r.time("since")), howToEnd(was.PID, false))}, set.err
	}
	return &execFinding{Why: noAccount}, set.err
}

// holds reports whether a session's statement, of which the server shows no more than a beginning, is one of these: behind a pooler
// the same server process is at others' too.
func (a *execArgs) holds(shown string) bool {
	for _, sql := range append([]string{a.SQL}, a.Statements...) {
		if sql != "" && strings.HasPrefix(sql, shown) {
			return true
		}
	}
	return false
}
