package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

type execArgs struct {
	SQL         string    `rb:"sql,partly" check:"postgres_change" doc:"One statement."`
	Statements  []string  `rb:"statements,filled,partly" check:"postgres_change" doc:"Several statements, run one after the other."`
	Args        cty.Value `rb:"args" doc:"The values of $1, $2 and so on in sql, as a list. In it a list is an array, or JSON where $1 is json or jsonb; so is a text there that is no JSON by itself."`
	Transaction bool      `rb:"transaction" default:"true" doc:"Whether all of it happens or nothing; false for VACUUM and REINDEX CONCURRENTLY, which no transaction may hold."`
	RowLimit    int       `rb:"row_limit" default:"100" check:"postgres_kept_rows" doc:"At most this many rows are kept in before and after; 0 keeps none, 10000 is the most."`
}

type execStatement struct {
	Tag          string `json:"tag" rb:"tag" doc:"What the server calls what it did: UPDATE 3, CREATE TABLE."`
	RowsAffected int64  `json:"rows_affected" rb:"rows_affected" doc:"Rows that this statement inserted, updated or deleted."`
}

type execResult struct {
	RowsAffected int64           `rb:"rows_affected" doc:"Rows that were inserted, updated or deleted."`
	Statements   []execStatement `rb:"statements" doc:"What each statement did."`
	Notices      []string        `rb:"notices" doc:"What the server said beside its answers."`
	Before       cty.Value       `rb:"before,echo" doc:"The rows before, as objects whose values can be given back in args; null where they could not be told. They are told of a plain INSERT, UPDATE or DELETE in sql on an ordinary table without row security, in a transaction: not with RETURNING, ON CONFLICT, WITH, FROM or USING. A warning says why they are null. Bytea is as PostgreSQL writes it, \\x01ff."`
	After        cty.Value       `rb:"after,echo" doc:"The rows after; null as before is."`
	Truncated    bool            `rb:"truncated" doc:"Whether more rows than row_limit were changed, so that before and after are not all of them."`

	// unchanged says that everything is as it was: no row, no table, nothing that a trigger could have done.
	unchanged bool
}

var exec = provider.Define(provider.Definition[*client, execArgs, execResult]{
	Name: "postgres_exec", Doc: "Runs statements that change something.", Effect: provider.Destructive, NeedsTimeout: true,
	ExactlyOne: [][]string{{"sql", "statements"}},
	EffectArgs: []string{"sql", "statements"}, Because: becauseExec, Instead: "postgres_query takes a statement that only reads",
	Lacks: lacksRows, Misfits: execMisfits,
	Classify: worstOfExec, AtLeast: leastOfExec,
	Run: runExec, NotesFirst: true, Preview: previewExec, Inquire: inquireExec, Noted: notedOfExec,
	ChangedNothing: func(r *execResult) bool { return r.unchanged },
	Summarize: func(r *execResult) string {
		switch {
		case len(r.Statements) == 1:
			return r.Statements[0].Tag
		case r.RowsAffected == 1:
			return fmt.Sprintf("%d statements, 1 row", len(r.Statements))
		}
		return fmt.Sprintf("%d statements, %d rows", len(r.Statements), r.RowsAffected)
	},
})

const (
	execOp      = "change"
	maxExecRows = 10_000
)

// change is one statement of an author, looked at.
type change struct {
	sql    string
	params params
	tree   *sqlparse.Statement
	// outside is true of what a rollback does not take back.
	outside bool
}

// changes looks at the statements and refuses what must not be sent.
func changes(ctx context.Context, in *provider.In[*client, execArgs]) ([]change, error) {
	refuse := func(format string, args ...any) ([]change, error) {
		return nil, in.Client.refuse(execOp, fmt.Errorf(format, args...))
	}
	if in.ReadOnly {
		return refuse("%w", provider.ErrReadOnly)
	}
	if n := in.Args.RowLimit; n < 0 || n > maxExecRows {
		return refuse("row_limit is %d, which is not from 0 to %d", n, maxExecRows)
	}
	texts := in.Args.Statements
	if len(texts) == 0 {
		texts = []string{in.Args.SQL}
	}
	params, err := paramsOf(in.Args.Args)
	if err != nil {
		return refuse("%w", err)
	}
	list := make([]change, len(texts))
	for i, sql := range texts {
		list[i] = change{sql: sql, params: params, outside: classifyQuery(sql) != provider.Read}
		start := time.Now()
		if err := list[i].look(ctx, in); ctx.Err() != nil {
			return nil, in.Client.fail(execOp, neterr.NoAnswer(ctx, time.Since(start)))
		} else if err != nil {
			return refuse("statement %d: %w", i+1, err)
		}
	}
	return list, nil
}

// look parses the statement. A text that PostgreSQL 17 does not understand may be fine for a later server: it is sent, and
// counts as what its words say.
func (ch *change) look(ctx context.Context, in *provider.In[*client, execArgs]) error {
	list, err := in.Client.parser.Parse(ctx, ch.sql)
	if errors.As(err, new(*sqlparse.SyntaxError)) && !strings.ContainsRune(ch.sql, 0) {
		in.Warn("PostgreSQL 17's grammar does not know this statement (%v); it was taken for what its words say", err)
		if n := len(split(scan(ch.sql))); n != 1 {
			return fmt.Errorf("these are %d statements; list them in statements", n)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := one(list); err != nil {
		return err
	}
	s := list[0]
	ch.tree, ch.outside = &s, ch.outside || s.OutsideTransaction()
	if s.Destructive() && in.Effect < provider.Destructive {
		return fmt.Errorf("it is destructive, and the step was planned as a %s; state effect = \"destructive\" in it", in.Effect)
	}
	return nil
}

func runExec(ctx context.Context, in *provider.In[*client, execArgs]) (*execResult, error) {
	list, err := changes(ctx, in)
	if err != nil {
		return nil, err
	}
	x := &execution{client: in.Client, limit: in.Args.RowLimit, warn: in.Warn, note: in.Note, noteOpen: in.NoteOpen, countedOn: in.CountedOn}
	if err := x.lacks(list, in.Args.Transaction); err != nil {
		return nil, err
	}
	// On a connection of its own, before this one is taken: each may be the last.
	if in.Args.Transaction {
		if x.sees, err = in.Client.seesChanges(ctx, list); err != nil {
			return nil, unsent(err)
		}
	}
	conn, err := in.Client.acquire(ctx, execOp)
	if err != nil {
		return nil, unsent(err)
	}
	// What a statement sets for its session must not be there for the next step.
	defer in.Client.discard(conn)
	x.conn, x.start = conn.Conn(), time.Now()
	x.result.Before, x.result.After = cty.NullVal(cty.DynamicPseudoType), cty.NullVal(cty.DynamicPseudoType)
	defer x.listen()()
	if err := x.locate(ctx); err != nil {
		return nil, err
	}
	run := x.each
	if in.Args.Transaction {
		run = x.all
	}
	err = run(ctx, list)
	x.result.Notices = x.notices
	if err != nil && !x.partly {
		return nil, err
	}
	return &x.result, err
}
