package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// execution is one run of postgres_exec on a connection of its own.
type execution struct {
	client *client
	conn   *pgx.Conn
	limit  int
	warn   func(format string, args ...any)
	// note keeps a note, which is sealed where an argument is sensitive; noteOpen one that holds nothing of the arguments.
	note, noteOpen func(v any) error
	// countedOn tells whether the step's undo uses a result.
	countedOn func(result string) bool
	// sees says that it can be told whether the statements changed anything.
	sees bool
	// acted says that something was sent which a rollback does not take back.
	acted bool
	// server is the one that the statements are sent to; nil: it does not say.
	server  *origin
	xid     string
	start   time.Time
	notices []string
	result  execResult
	// partly says that the result is of the first statements of a list, and that the others surely did not take place.
	partly bool
}

// maxNotices bounds what is kept of a talkative statement.
const maxNotices = 200

// listen keeps what the server says beside its answers, until stop is called. The pool has one place for all notices.
func (x *execution) listen() (stop func()) {
	conn := x.conn.PgConn()
	x.client.executions.Store(conn, x)
	return func() { x.client.executions.Delete(conn) }
}

// heard gives a notice to the execution whose connection it came on; others are dropped.
func (c *client) heard(conn *pgconn.PgConn, n *pgconn.Notice) {
	if v, ok := c.executions.Load(conn); ok {
		if x, ok := v.(*execution); ok && len(x.notices) < maxNotices {
			x.notices = append(x.notices, c.secrets.scrub(n.Severity+": "+n.Message))
		}
	}
}

// all runs the statements in one transaction. Until COMMIT is sent, whatever goes wrong leaves nothing behind; but see
// change.outside.
func (x *execution) all(ctx context.Context, list []change) error {
	at := -1
	steps := func() error {
		if _, err := x.send(ctx, "BEGIN READ WRITE", nil, 0); err != nil {
			return err
		}
		if err := x.noteTransaction(ctx); err != nil {
			return err
		}
		if x.sees {
			if _, err := x.send(ctx, "SAVEPOINT runbook_changes", nil, 0); err != nil {
				return err
			}
		}
		for i := range list {
			at = i
			if err := x.change(ctx, &list[i], len(list) == 1); err != nil {
				return err
			}
		}
		at = -1
		if x.sees && x.result.RowsAffected == 0 {
			if err := x.lookForChanges(ctx); err != nil {
				return err
			}
		}
		return x.note(execNote{XID: x.xid, Server: x.server, Result: notedOf(&x.result, x.notices)})
	}
	if err := steps(); err != nil {
		e := x.ended(ctx, err, !x.acted)
		if at >= 0 {
			e.Err = ofList(e.Err, at, len(list))
		}
		return e
	}
	a, err := x.send(ctx, "COMMIT", nil, 0)
	if err != nil {
		// The server's refusal rolls back (a deferred constraint); a lost connection tells nothing.
		refused := errors.As(err, new(*pgconn.PgError))
		return x.ended(ctx, err, refused && !x.acted)
	}
	if a.tag != "COMMIT" {
		return x.ended(ctx, fmt.Errorf("the server answered COMMIT with %s", a.tag), !x.acted)
	}
	return nil
}

// noteTransaction keeps the transaction's number, by which the server can tell later what became of it.
func (x *execution) noteTransaction(ctx context.Context) error {
	a, err := x.send(ctx, "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text AS xid", nil, 1)
	if err != nil {
		return err
	}
	x.xid = rowsOf(a.table).only().text("xid")
	return x.noteOpen(execNote{XID: x.xid, Server: x.server})
}

// add takes an answer into the result.
func (x *execution) add(a answer) {
	s := execStatement{Tag: a.tag}
	if !strings.HasPrefix(a.tag, "SELECT") && !strings.HasPrefix(a.tag, "FETCH") {
		s.RowsAffected = a.rows
	}
	x.result.Statements = append(x.result.Statements, s)
	x.result.RowsAffected += s.RowsAffected
}

// answer is what one statement gave.
type answer struct {
	tag   string
	rows  int64
	table table
}

// failed says which statement an error is of.
type failed struct {
	sql string
	err error
}

func (f *failed) Error() string { return f.err.Error() }
func (f *failed) Unwrap() error { return f.err }

// sendWith is send with an author's values: the server says first of which types it takes them to be.
func (x *execution) sendWith(ctx context.Context, sql string, values params, limit int) (answer, error) {
	if len(values) == 0 {
		return x.send(ctx, sql, nil, limit)
	}
	described, err := x.conn.PgConn().Prepare(ctx, "", sql, nil)
	if err != nil {
		return answer{}, &failed{sql, err}
	}
	texts, err := values.encode(described.ParamOIDs)
	if err != nil {
		return answer{}, x.client.refuse(execOp, err)
	}
	return x.send(ctx, sql, texts, limit)
}

// send runs one statement and keeps up to limit of its rows.
func (x *execution) send(ctx context.Context, sql string, params [][]byte, limit int) (answer, error) {
	rows := x.conn.PgConn().ExecParams(ctx, sql, params, nil, nil, nil)
	var a answer
	for _, f := range rows.FieldDescriptions() {
		a.table.columns = append(a.table.columns, column{name: f.Name, oid: f.DataTypeOID})
	}
	for rows.NextRow() {
		values := rows.Values()
		for _, v := range values {
			a.table.size += len(v)
		}
		if len(a.table.rows) == limit || a.table.size > maxTableBytes {
			a.table.truncated = true
			continue
		}
		row := make([][]byte, len(values))
		for i, v := range values {
			if v != nil {
				row[i] = append([]byte{}, v...)
			}
		}
		a.table.rows = append(a.table.rows, row)
	}
	tag, err := rows.Close()
	if err != nil {
		return a, &failed{sql, err}
	}
	a.tag, a.rows = tag.String(), tag.RowsAffected()
	return a, nil
}

// ended makes the error of a transaction; nothing says that nothing was done.
func (x *execution) ended(ctx context.Context, err error, nothing bool) *provider.Error {
	e := x.explain(ctx, err)
	e.NothingDone = nothing
	switch {
	case !nothing:
		e.Hint = strings.TrimSpace(e.Hint + " " + unknown)
	case sqlState(e) == "":
		e.Hint = strings.TrimSpace(e.Hint + " " + unwritten)
	}
	return e
}

// unwritten is said where nothing was sent, or what was sent is rolled back, and no refusal says so.
const unwritten = "Nothing was written."

// unsent is an error that comes before a change is sent. A refusal of the server speaks for itself.
func unsent(err error) error {
	told, ok := errors.AsType[*provider.Error](err)
	if !ok || sqlState(err) != "" {
		return err
	}
	nothing := *told
	nothing.Hint = strings.TrimSpace(told.Hint + " " + unwritten)
	return &nothing
}

// explain makes the error of an execution.
func (x *execution) explain(ctx context.Context, err error) *provider.Error {
	if e, ok := errors.AsType[*provider.Error](err); ok {
		return e
	}
	var e *provider.Error
	sql := ""
	if f, ok := errors.AsType[*failed](err); ok {
		sql = f.sql
	}
	refused, isRefused := errors.AsType[*pgconn.PgError](err)
	switch {
	case isRefused:
		e = x.client.serverError(execOp, sql, refused)
	case ctx.Err() != nil:
		e = x.client.fail(execOp, neterr.NoAnswer(ctx, time.Since(x.start)))
	default:
		e = x.client.broken(execOp, err)
	}
	return e
}
