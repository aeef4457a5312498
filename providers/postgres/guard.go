package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/provider/neterr"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// A READ ONLY transaction lets through what is no change of a table: functions that signal other sessions, drop a
// replication slot, read files, run a program. So a statement that has to read is parsed as PostgreSQL itself does, and
// everything that it may call is looked up on the server and held against lists (allow.go). What is not surely known to
// read is refused.

// maxDepth bounds how far views and functions are followed, each of which may use others.
const maxDepth = 8

// permit says why a statement may do more than read; nil: it surely reads only. A *refusal is a verdict, other errors
// say that there is none.
func (c *client) permit(ctx context.Context, op, sql string) error {
	return c.hold(ctx, op, sql, object.spared)
}

// hold holds what a statement may call against the lists, but what spared lets pass.
func (c *client) hold(ctx context.Context, op, sql string, spared func(object) bool) error {
	start := time.Now()
	list, err := c.parser.Parse(ctx, sql)
	if syntax, ok := errors.AsType[*sqlparse.SyntaxError](err); ok {
		return c.syntaxRefusal(sql, syntax)
	}
	if err != nil && ctx.Err() != nil {
		return c.fail(op, fmt.Errorf("wait for the SQL parser, which loads on first use: %w", neterr.NoAnswer(ctx, time.Since(start))))
	}
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return &refusal{fmt.Sprintf("these are %d statements; write one", len(list))}
	}
	uses, err := list[0].Reads()
	if err != nil {
		return &refusal{err.Error()}
	}
	if err := c.ownNamesFirst(ctx, op); err != nil {
		return err
	}
	return c.follow(ctx, op, uses, spared)
}

// ownNamesFirst refuses a search path with a schema before pg_catalog, where it is unless somebody puts it elsewhere. Not
// even PostgreSQL's own functions are safe from that: pg_get_viewdef runs SQL with a bare =.
func (c *client) ownNamesFirst(ctx context.Context, op string) error {
	if c.plainPath.Load() {
		return nil
	}
	tables, _, err := c.read(ctx, op, statement{sql: "SELECT s[1] AS first, s[2] AS second FROM pg_catalog.current_schemas(true) s"})
	if err != nil {
		return err
	}
	set := rowsOf(tables[0])
	schemas := set.only()
	first := schemas.text("first")
	if strings.HasPrefix(first, "pg_temp") { // which holds no functions and operators that a bare name may mean
		first = schemas.text("second")
	}
	if set.err == nil && first != "pg_catalog" {
		return &refusal{fmt.Sprintf("search_path puts schema %q before pg_catalog, so that PostgreSQL's own names may mean something else; "+
			"leave pg_catalog out of it, and it comes first", first)}
	}
	c.plainPath.Store(set.err == nil)
	return set.err
}

// refusal says why a statement is not taken for a read.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

func (c *client) syntaxRefusal(sql string, e *sqlparse.SyntaxError) error {
	text := "SQLSTATE 42601: " + e.Message
	if e.Position > 0 {
		line, column := position(sql, e.Position)
		text += fmt.Sprintf(" at line %d, column %d", line, column)
	}
	return &refusal{c.secrets.scrub(text)}
}

// follow looks at what a statement uses, and at what that uses, until there is nothing new. Each time it asks for all: a
// type that one name brings may be an operand of an operator that another does.
func (c *client) follow(ctx context.Context, op string, uses *sqlparse.Uses, spared func(object) bool) error {
	ask, seen := newNames(), map[object]bool{}
	ask.add(uses, "")
	for range maxDepth {
		answer, err := c.lookUp(ctx, op, ask)
		if err != nil {
			return err
		}
		before := ask.size()
		for _, o := range answer {
			if seen[o] {
				continue
			}
			seen[o] = true
			if reason := o.verdict(); reason != "" && !spared(o) {
				return &refusal{reason}
			}
			if err := c.inside(ctx, o, ask); err != nil {
				return err
			}
		}
		if ask.size() == before {
			return nil
		}
	}
	return &refusal{fmt.Sprintf("views and functions call one another more than %d deep", maxDepth)}
}

// inside adds what a view, an expression or a function's body uses.
func (c *client) inside(ctx context.Context, o object, next *names) error {
	sql := o.sql
	switch {
	case sql == "":
		return nil
	case o.kind != "view" && o.kind != "function":
		sql = "SELECT " + sql
	}
	place := ""
	if o.spared() {
		if !o.inlines() {
			return nil
		}
		place = o.place
	}
	list, err := c.parser.Parse(ctx, sql)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return &refusal{fmt.Sprintf("%s is not understood: %v", o, err)}
	}
	if place != "" && (len(list) != 1 || !list[0].Inlines()) {
		return nil
	}
	for _, s := range list {
		uses, err := s.Reads()
		if err != nil {
			return &refusal{fmt.Sprintf("%s may do more than read: %v", o, err)}
		}
		next.add(uses, place)
	}
	return nil
}

// String is "function public.f", "the view public.v".
func (o object) String() string {
	name := strings.TrimPrefix(o.schema+"."+o.name, "pg_catalog.")
	switch o.kind {
	case "function":
		switch {
		case o.by != "" && o.place != "":
			return fmt.Sprintf("function %s (behind %s, in %s, which is worked out in planning)", name, o.by, o.place)
		case o.by != "":
			return fmt.Sprintf("function %s (behind %s)", name, o.by)
		case o.place != "":
			return fmt.Sprintf("function %s (in %s, which is worked out in planning)", name, o.place)
		}
		return "function " + name
	case "rule", "trigger":
		return fmt.Sprintf("the %s %s of %s", o.kind, o.by, name)
	case "row security", "generated column":
		return fmt.Sprintf("the %s of %s", o.kind, name)
	}
	return fmt.Sprintf("the %s %s", o.kind, name)
}

// verdict says why an object may do more than read; empty: it does not, but for what is inside it.
func (o object) verdict() string {
	switch {
	case o.kind == "foreign table":
		return fmt.Sprintf("%s is read elsewhere, by means that can't be seen from here", o)
	case o.kind == "rule":
		return fmt.Sprintf("%s puts other statements in the place of this one, which would be planned too", o)
	case o.kind == "trigger":
		return fmt.Sprintf("%s calls a function, which may do anything", o)
	case o.kind != "function":
		return ""
	case harm(o.name) != "":
		return fmt.Sprintf("%s %s", o, harm(o.name))
	case o.internal:
		return fmt.Sprintf("%s is none that a query calls by its name", o)
	case o.constructor:
		return ""
	case o.own || o.compiled() && (extensions[o.extension] || o.extension != "" && o.by != ""):
		if o.volatility == "v" && !harmless[o.name] {
			return fmt.Sprintf("%s is not known to only read", o)
		}
		return ""
	}
	return o.foreignVerdict()
}

// compiled is true of what superusers alone can bring. Functions in SQL and other languages may be added to an extension by
// whoever owns it.
func (o object) compiled() bool { return o.language == "c" || o.language == "internal" }

// foreignVerdict judges a function that somebody wrote. SQL that is declared not to be volatile can be looked into; what
// another language does can't be seen.
func (o object) foreignVerdict() string {
	switch {
	case o.prokind == "a":
		return "" // the functions that it is made of are asked for by themselves
	case o.volatility == "v":
		return fmt.Sprintf("%s is declared VOLATILE: it may do anything", o)
	case o.definer:
		return fmt.Sprintf("%s is SECURITY DEFINER: it acts with another's rights", o)
	case o.language != "sql":
		return fmt.Sprintf("%s is written in %s, which can't be looked into", o, o.language)
	case o.atomic || o.configured:
		return fmt.Sprintf("%s has a body or settings that can't be looked into", o)
	}
	return ""
}
