package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// statement is one statement with its parameters, in text form; nil stands for NULL.
type statement struct {
	sql    string
	params [][]byte
	// limit is how many rows are read; 0: all.
	limit int
}

// maxTableBytes bounds the values that are kept of one statement: a few rows may hold hundreds of megabytes.
const maxTableBytes = 16 << 20

// column is one column of a result.
type column struct {
	name string
	oid  uint32
}

// table is the rows that a statement gave; values are in text form, nil for NULL.
type table struct {
	columns []column
	rows    [][][]byte
	// truncated is true where the server had more rows than the limit, or more than maxTableBytes of them.
	truncated bool
	// size is the bytes in rows.
	size int
}

// read runs statements in one READ ONLY transaction and one round trip, and gives a table for each. The transaction is
// rolled back, so that a SET doesn't outlive it on a shared connection. took is the server's answer, without connecting.
func (c *client) read(ctx context.Context, op string, statements ...statement) (tables []table, took time.Duration, err error) {
	conn, err := c.acquire(ctx, op)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Release()
	return c.readOn(ctx, op, conn, statements)
}

// pin makes the names in a statement those of PostgreSQL, whatever a role, a database or a URL sets.
const pin = "SET LOCAL search_path = pg_catalog, pg_temp"

// look is read for statements of our own.
func (c *client) look(ctx context.Context, op string, statements ...statement) ([]table, error) {
	tables, _, err := c.read(ctx, op, append([]statement{{sql: pin}}, statements...)...)
	if err != nil {
		return nil, err
	}
	return tables[1:], nil
}

// readOn is read on a connection that the caller releases, which does nothing to one that is taken out of the pool here.
func (c *client) readOn(ctx context.Context, op string, conn *held, statements []statement) (tables []table, took time.Duration, err error) {
	start := time.Now()
	x := exchange{conn: conn.Conn(), statements: statements}
	stop := context.AfterFunc(ctx, x.interrupt)
	tables, err = x.run()
	took = time.Since(start)
	if !stop() {
		// The interrupt may still set a deadline: this connection is never used again.
		if err != nil {
			c.interrupt(conn)
			return nil, took, c.fail(op, neterr.NoAnswer(ctx, took))
		}
		c.discard(conn)
		return tables, took, nil
	}
	if err == nil {
		return tables, took, nil
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return nil, took, c.serverError(op, x.failing(), refused)
	}
	c.discard(conn)
	return nil, took, c.broken(op, err)
}

// broken tells of a connection that ended in the middle.
func (c *client) broken(op string, err error) *provider.Error {
	cause := innermost(err)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		cause = errors.New("the server closed the connection while the statement ran")
	}
	return c.fail(op, errors.New(c.secrets.scrub(cause.Error())))
}

// exchange is one pipeline of messages and the reading of its answers. It uses the protocol's messages directly, for
// pgx offers no way to let the server stop after a number of rows (Execute's maximum), see "Message Flow" in
// PostgreSQL's documentation.
type exchange struct {
	conn       *pgx.Conn
	statements []statement
	tables     []table
	// refused is the first error of the server; done counts the commands that ended before it, BEGIN among them.
	refused *pgconn.PgError
	done    int
}

// interrupt makes pending reads and writes fail.
func (x *exchange) interrupt() {
	// An error means that the connection is closed already.
	_ = x.conn.PgConn().Conn().SetDeadline(time.Unix(1, 0))
}

// failing is the statement that the server refused.
func (x *exchange) failing() string {
	if at := x.done - 1; at >= 0 && at < len(x.statements) {
		return x.statements[at].sql
	}
	return ""
}

func (x *exchange) run() ([]table, error) {
	if err := x.send(); err != nil {
		return nil, err
	}
	// Two syncs: the first ends the statements, at the first error of one too; the second the rollback.
	for range 2 {
		if err := x.receive(); err != nil {
			return nil, err
		}
	}
	if x.refused != nil {
		return nil, x.refused
	}
	if len(x.tables) != len(x.statements) {
		return nil, fmt.Errorf("the server answered %d of %d statements", len(x.tables), len(x.statements))
	}
	return x.tables, nil
}

func (x *exchange) send() error {
	front := x.conn.PgConn().Frontend()
	command := func(sql string) {
		front.Send(&pgproto3.Parse{Query: sql})
		front.Send(&pgproto3.Bind{})
		front.Send(&pgproto3.Execute{})
	}
	command("BEGIN READ ONLY")
	for _, s := range x.statements {
		front.Send(&pgproto3.Parse{Query: s.sql})
		front.Send(&pgproto3.Bind{Parameters: s.params})
		front.Send(&pgproto3.Describe{ObjectType: 'P'})
		execute := &pgproto3.Execute{}
		if s.limit > 0 {
			// One more than is kept tells whether there is more.
			execute.MaxRows = uint32(s.limit) + 1
		}
		front.Send(execute)
	}
	front.Send(&pgproto3.Sync{})
	command("ROLLBACK")
	front.Send(&pgproto3.Sync{})
	return front.Flush()
}

// receive reads answers up to the next ReadyForQuery. A context is not given: interrupt acts on the connection.
func (x *exchange) receive() error {
	for {
		message, err := x.conn.PgConn().ReceiveMessage(context.Background())
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.RowDescription:
			x.begin(m)
		case *pgproto3.NoData:
			x.tables = append(x.tables, table{})
		case *pgproto3.DataRow:
			x.row(m)
		case *pgproto3.CommandComplete, *pgproto3.PortalSuspended, *pgproto3.EmptyQueryResponse:
			if x.refused == nil {
				x.done++
			}
		case *pgproto3.CopyOutResponse, *pgproto3.CopyInResponse, *pgproto3.CopyBothResponse:
			return errors.New("COPY is not a query")
		case *pgproto3.ErrorResponse:
			if x.refused == nil {
				x.refused = pgconn.ErrorResponseToPgError(m)
			}
		case *pgproto3.ReadyForQuery:
			return nil
		}
	}
}

func (x *exchange) begin(m *pgproto3.RowDescription) {
	t := table{columns: make([]column, len(m.Fields))}
	for i, f := range m.Fields {
		t.columns[i] = column{name: string(f.Name), oid: f.DataTypeOID}
	}
	x.tables = append(x.tables, t)
}

// row keeps a row unless it is beyond a bound.
func (x *exchange) row(m *pgproto3.DataRow) {
	at := len(x.tables) - 1
	t := &x.tables[at]
	if t.truncated {
		return
	}
	if limit := x.statements[at].limit; limit > 0 {
		for _, v := range m.Values {
			t.size += len(v)
		}
		if t.truncated = len(t.rows) == limit || t.size > maxTableBytes; t.truncated {
			return
		}
	}
	row := make([][]byte, len(m.Values))
	for i, v := range m.Values {
		if v != nil {
			// The message's memory is used again for the next one.
			row[i] = append([]byte{}, v...)
		}
	}
	t.rows = append(t.rows, row)
}
