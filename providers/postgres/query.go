package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

type queryArgs struct {
	SQL      string    `rb:"sql,required" check:"postgres_query" doc:"One SELECT, WITH, VALUES, TABLE, SHOW or EXPLAIN."`
	Args     cty.Value `rb:"args" doc:"The values of $1, $2 and so on, as a list."`
	RowLimit int       `rb:"row_limit" default:"1000" check:"postgres_row_limit" doc:"At most this many rows are read, and no more than 16 MiB of them; 1 to 1000000."`
}

type queryColumn struct {
	Name string `rb:"name" doc:"Name of the column."`
	Type string `rb:"type" doc:"PostgreSQL's name of its type: int4, text, timestamptz, int4[]."`
}

type queryResult struct {
	Rows      cty.Value     `rb:"rows" doc:"The rows in the query's order, each an object by column: numbers, bools, json and arrays as such, times in RFC 3339 and UTC, bytea in base64, the rest as strings."`
	RowCount  int           `rb:"row_count" doc:"How many rows were read."`
	Columns   []queryColumn `rb:"columns" doc:"The columns in the query's order."`
	Truncated bool          `rb:"truncated" doc:"Whether there were more rows than row_limit, or more than 16 MiB of them."`
}

var query = provider.Define(provider.Definition[*client, queryArgs, queryResult]{
	Name: "postgres_query", Doc: "Runs one query in a READ ONLY transaction and gives its rows.", Effect: provider.Read,
	Classify: func(args *queryArgs, known provider.Known) provider.Effect {
		if !known("sql") {
			// What turns out to be more than a read is refused when it is known.
			return provider.Read
		}
		return classifyQuery(args.SQL)
	},
	Because: becauseQuery, Misfits: queryMisfits,
	Run: runQuery,
	Summarize: func(r *queryResult) string {
		switch {
		case r.Truncated:
			return fmt.Sprintf("the first %d rows", r.RowCount)
		case r.RowCount == 1:
			return "1 row"
		}
		return fmt.Sprintf("%d rows", r.RowCount)
	},
})

const (
	queryOp     = "query"
	maxRowLimit = 1_000_000
)

func runQuery(ctx context.Context, in *provider.In[*client, queryArgs]) (*queryResult, error) {
	s, err := queryStatement(in)
	if err != nil {
		return nil, err
	}
	tables, err := in.Client.query(ctx, s, in.Effect)
	if err != nil {
		return nil, err
	}
	if in.Client.superuser.Load() {
		in.Warn("the role is a superuser, whom READ ONLY holds back least; a role with pg_monitor is enough to look at a server")
	}
	t := tables[0]
	if err := distinct(t.columns); err != nil {
		return nil, in.Client.refuse(queryOp, err)
	}
	names, err := in.Client.typeNames(ctx, queryOp, t.columns)
	if err != nil {
		return nil, err
	}
	rows, err := decodeRows(t, looking, in.Warn)
	if err != nil {
		return nil, in.Client.fail(queryOp, err)
	}
	result := &queryResult{Rows: rows, RowCount: len(t.rows), Truncated: t.truncated}
	for _, c := range t.columns {
		result.Columns = append(result.Columns, queryColumn{Name: c.name, Type: names[c.oid]})
	}
	return result, nil
}

// query carries out a statement of an author. As a read it must be one that surely reads. Stated to be a write it is only
// held in its READ ONLY transaction, and once it was sent nobody can say that it did nothing.
func (c *client) query(ctx context.Context, s statement, effect provider.Effect) ([]table, error) {
	if effect != provider.Read {
		conn, err := c.acquire(ctx, queryOp)
		if err != nil {
			return nil, err
		}
		defer conn.Release()
		tables, _, err := c.readOn(ctx, queryOp, conn, []statement{s})
		if e, ok := errors.AsType[*provider.Error](err); ok {
			conn.Release() // before the server is asked what the statement uses
			e.NothingDone = c.leftNothing(ctx, s.sql, e)
		}
		return tables, err
	}
	if err := c.permit(ctx, queryOp, s.sql); err != nil {
		if _, ok := errors.AsType[*provider.Error](err); ok {
			return nil, err
		}
		e := c.refuse(queryOp, fmt.Errorf("not surely a read: %w", err))
		e.Hint = "If it is meant, state effect = \"write\" in the step, which then takes no part in a read-only run; postgres_exec is for changes."
		return nil, e
	}
	tables, _, err := c.read(ctx, queryOp, s)
	return tables, err
}

// ofSequences are the functions that act, and that the server itself refuses in a READ ONLY transaction.
var ofSequences = map[string]bool{"nextval": true, "setval": true}

// leftNothing reports whether an error of a query that may write says for sure that it did nothing: the server answered it, and the
// query did not begin, or all that it uses besides what READ ONLY refuses only reads.
func (c *client) leftNothing(ctx context.Context, sql string, e *provider.Error) bool {
	cause, ok := errors.AsType[*serverCause](e)
	if !ok || cause.fatal {
		return false
	}
	if !cause.began {
		return true
	}
	list, err := c.parser.Parse(ctx, sql)
	if err != nil || len(list) != 1 {
		return false
	}
	uses, err := list[0].Reads()
	if err != nil {
		return false
	}
	uses.Functions = slices.DeleteFunc(uses.Functions, func(n sqlparse.Name) bool {
		return ofSequences[n.Name] && (n.Schema == "" || n.Schema == "pg_catalog")
	})
	return c.ownNamesFirst(ctx, queryOp) == nil && c.follow(ctx, queryOp, uses, object.spared) == nil
}

// queryStatement refuses what must not be sent.
func queryStatement(in *provider.In[*client, queryArgs]) (statement, error) {
	refuse := func(err error) (statement, error) { return statement{}, in.Client.refuse(queryOp, err) }
	if err := checkQuery(in.Args.SQL); err != nil {
		return refuse(err)
	}
	if in.ReadOnly && in.Effect != provider.Read {
		return refuse(fmt.Errorf("the step is a %s: %w", in.Effect, provider.ErrReadOnly))
	}
	if n := in.Args.RowLimit; n < 1 || n > maxRowLimit {
		return refuse(fmt.Errorf("row_limit is %d, which is not from 1 to %d", n, maxRowLimit))
	}
	params, err := paramsOf(in.Args.Args)
	if err != nil {
		return refuse(err)
	}
	return statement{sql: in.Args.SQL, params: params.plain(), limit: in.Args.RowLimit}, nil
}

// distinct makes sure that rows can be objects.
func distinct(columns []column) error {
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.name] {
			return fmt.Errorf("two columns are named %q; give one of them another name: … AS other_name", c.name)
		}
		seen[c.name] = true
	}
	return nil
}

// decodeRows makes a tuple of objects. The error names the first value that is to be given back, and can't be told as it is.
func decodeRows(t table, use use, warn func(format string, args ...any)) (cty.Value, error) {
	if len(t.rows) == 0 {
		return cty.EmptyTupleVal, nil
	}
	var inexact error
	decode := make([]decoder, len(t.columns))
	for i, c := range t.columns {
		decode[i] = decoderOf(c.oid, use)
	}
	rows := make([]cty.Value, len(t.rows))
	for i, values := range t.rows {
		attrs := make(map[string]cty.Value, len(values))
		for j, raw := range values {
			attrs[t.columns[j].name] = decode[j].value(raw, func(err error) {
				if errors.As(err, new(inexactError)) && inexact == nil {
					inexact = fmt.Errorf("row %d, column %q: %w", i+1, t.columns[j].name, err)
				}
				why := ""
				if use == undoing {
					why = "; an undo that gives it back writes NULL"
				}
				warn("row %d, column %q: %v%s", i+1, t.columns[j].name, err, why)
			})
		}
		rows[i] = cty.ObjectVal(attrs)
	}
	return cty.TupleVal(rows), inexact
}
