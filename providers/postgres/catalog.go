package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// catalogSQL looks names up. It names its own functions and operators by their schema, so that nobody's of the same name
// are called.
//
//go:embed catalog.sql
var catalogSQL string

// implied are the operators that the syntax of IN, USING, CASE, BETWEEN, LIKE and DISTINCT means without naming them.
var implied = []string{"=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~"}

// names are what is asked of the server; the keys of the maps are what its JSON holds.
type names struct {
	functions        map[askedFunction]bool
	relations, types map[sqlparse.Name]bool
	// operators are true where they may be meant whatever the types of their operands are.
	operators map[string]bool
	// changes is true where the statement is a change that is planned and not carried out.
	changes bool
}

// askedName is the name of a table, a view or a type.
type askedName struct {
	// Path is the name as the server reads it, where the session decides what it means.
	Path string `json:"path,omitempty"`
	// Schema and Name are looked for in the catalogs, which tell of a schema that the role has no USAGE on too: what a view reads
	// there, its owner may read.
	Schema string `json:"schema,omitempty"`
	Name   string `json:"name,omitempty"`
}

func askedNames(m map[sqlparse.Name]bool) []askedName {
	out := []askedName{}
	for n := range m {
		if n.Schema == "" || n.Schema == "pg_temp" {
			out = append(out, askedName{Path: quoteName(n)})
			continue
		}
		out = append(out, askedName{Schema: n.Schema, Name: n.Name})
	}
	return out
}

type askedFunction struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Field is true of a name that may be a column: then it is a function only with one argument.
	Field bool `json:"field"`
	// Place is where a body was found that PostgreSQL works out while it plans, see object.place.
	Place string `json:"place"`
}

func newNames() *names {
	n := &names{functions: map[askedFunction]bool{}, relations: map[sqlparse.Name]bool{}, types: map[sqlparse.Name]bool{}, operators: map[string]bool{}}
	for _, o := range implied {
		n.operators[o] = false
	}
	return n
}

// add takes in what a statement or a body uses; place is empty unless the body is one that is planned and not carried out.
func (n *names) add(u *sqlparse.Uses, place string) {
	n.changes = n.changes || u.Changes
	for _, f := range u.Functions {
		n.functions[askedFunction{Schema: f.Schema, Name: f.Name, Place: place}] = true
	}
	for _, f := range u.Fields {
		n.functions[askedFunction{Name: f, Field: true, Place: place}] = true
	}
	for _, r := range u.Relations {
		n.relations[r] = true
	}
	for _, t := range u.Types {
		n.types[t] = true
	}
	for _, o := range u.Operators {
		// PostgreSQL's own = is meant unless an operand is of another's type; a text alone does not make it one.
		n.operators[o.Name] = n.operators[o.Name] || o.Schema != "" || !slices.Contains(implied, o.Name)
	}
}

// size grows with each name that is new, and with an operator that is pinned.
func (n *names) size() int {
	return len(n.functions) + len(n.relations) + len(n.types) + len(n.operators) + len(n.pinned())
}

func (n *names) pinned() []string {
	out := []string{}
	for name, pinned := range n.operators {
		if pinned {
			out = append(out, name)
		}
	}
	return out
}

// MarshalJSON gives the form that catalog.sql reads.
func (n *names) MarshalJSON() ([]byte, error) {
	functions := []askedFunction{}
	for f := range n.functions {
		functions = append(functions, f)
	}
	text, err := json.Marshal(map[string]any{
		"functions": functions, "relations": askedNames(n.relations), "types": askedNames(n.types), "operators": slices.Collect(maps.Keys(n.operators)),
		"pinned": n.pinned(), "changes": n.changes,
	})
	if err != nil {
		return nil, fmt.Errorf("write the names: %w", err)
	}
	return text, nil
}

// quoteName writes a name so that the server reads it as it is.
func quoteName(n sqlparse.Name) string {
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	if n.Schema == "" {
		return quote(n.Name)
	}
	return quote(n.Schema) + "." + quote(n.Name)
}

// object is a function that a statement may call, or a text of SQL that is carried out with it.
type object struct {
	// kind is "function", "view", "foreign table", "row security", "generated column", "rule", "trigger", "default of
	// function" or "domain".
	kind, schema, name string
	// by says through what a function is called that the statement doesn't name: "operator @@"; of a rule and a trigger it is the name.
	by string
	// own is true of what PostgreSQL itself brings; extension names the extension that brings it, if one does.
	own       bool
	extension string
	// volatility, prokind and language are the columns of pg_proc, the last by its name.
	volatility, prokind, language         string
	definer, internal, atomic, configured bool
	// constructor is true of a function that PostgreSQL makes with a type: of a range.
	constructor bool
	// sql is the text inside it.
	sql string
	// place says where a function is that is called, if it is, while PostgreSQL plans: "index i of public.t". tree is the
	// expression there as the server keeps it, empty where it is not known, and mention the field that a call has in it: "funcid 16384",
	// or estimated.
	place, tree, mention string
}

// lookUp asks the server what is behind names.
func (c *client) lookUp(ctx context.Context, op string, n *names) ([]object, error) {
	text, err := n.MarshalJSON()
	if err != nil {
		return nil, err
	}
	// Compiling the look-up would take a hundred times as long as carrying it out.
	tables, _, err := c.read(ctx, op, statement{sql: "SET LOCAL jit = off"}, statement{sql: catalogSQL, params: [][]byte{text}})
	if err != nil {
		return nil, err
	}
	set := rowsOf(tables[1])
	objects := make([]object, len(set.rows))
	for i, r := range set.rows {
		objects[i] = object{
			kind: r.text("kind"), schema: r.text("schema"), name: r.text("name"), by: r.text("by"), own: r.bool("own"),
			extension: r.text("extension"), volatility: r.text("volatility"), prokind: r.text("prokind"),
			language: r.text("language"), definer: r.bool("definer"), internal: r.bool("internal"),
			atomic: r.bool("atomic"), configured: r.bool("configured"), sql: r.text("sql"),
			constructor: r.bool("constructor"), place: r.text("place"), tree: r.text("tree"), mention: r.text("mention"),
		}
	}
	return objects, set.err
}
