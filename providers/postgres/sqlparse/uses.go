package sqlparse

import (
	"errors"
	"fmt"
	"strings"
)

// Uses are the names that a statement may call something by. Only a server knows what is behind them.
type Uses struct {
	// Functions are called; Types are cast to, or described; Relations are read, or are names of a WITH.
	Functions, Types, Relations []Name
	// Fields are columns as far as the text goes, but x.f is f(x) where there is no such column.
	Fields []string
	// Operators that the syntax implies (= of IN and USING) are not among these.
	Operators []Name
	// Analyze is true of EXPLAIN ANALYZE, which carries out what it explains.
	Analyze bool
	// Changes is true of EXPLAIN of a change, which is planned and not carried out.
	Changes bool
}

// reading are the nodes that a statement that only reads may be made of.
var reading = set(
	"SelectStmt", "WithClause", "CommonTableExpr", "CTESearchClause", "CTECycleClause", "ResTarget", "SortBy",
	"GroupingSet", "GroupingFunc", "WindowDef", "RangeVar", "RangeSubselect", "RangeFunction", "RangeTableSample",
	"RangeTableFunc", "RangeTableFuncCol", "JoinExpr", "Alias", "ColumnDef", "ColumnRef", "A_Star", "A_Const", "A_Expr",
	"A_Indirection", "A_Indices", "A_ArrayExpr", "FuncCall", "NamedArgExpr", "TypeCast", "TypeName", "CollateClause",
	"BoolExpr", "NullTest", "BooleanTest", "CaseExpr", "CaseWhen", "CoalesceExpr", "MinMaxExpr", "RowExpr", "SubLink",
	"ParamRef", "SQLValueFunction", "XmlExpr", "XmlSerialize", "List", "String", "Integer", "Float", "Boolean",
	"BitString", "SetToDefault",
)

// writing are those that EXPLAIN without ANALYZE may hold beside them: the plan is made, and not carried out.
var writing = set("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "MergeWhenClause", "OnConflictClause", "InferClause",
	"IndexElem", "MultiAssignRef")

// bare are the fields whose value is a node of a fixed kind, so that the tree does not name it. The kind is told where
// the walk looks at it.
var bare = map[string]string{
	"larg": "SelectStmt", "rarg": "SelectStmt", "withClause": "WithClause", "typeName": "TypeName", "relation": "RangeVar",
	"alias": "", "join_using_alias": "", "over": "WindowDef", "collClause": "CollateClause", "search_clause": "", "cycle_clause": "",
	"onConflictClause": "", "infer": "", "format": "", "returning": "", "output": "", "value": "", "context_item": "",
	"constructor": "", "arg": "", "pathspec": "", "on_empty": "", "on_error": "", "func": "",
}

// jsonFunctions are special forms of the parser's version that an older server takes for functions of these names.
var jsonFunctions = []string{
	"json", "json_scalar", "json_serialize", "json_value", "json_query", "json_exists", "json_table", "json_object",
	"json_array", "json_objectagg", "json_arrayagg", "merge_action",
}

// Reads gives what a statement uses that only reads, as far as its text goes: SELECT, VALUES, TABLE, SHOW, EXPLAIN. Of any
// other it says why it is none. What it is not sure of counts as a change.
func (s Statement) Reads() (*Uses, error) {
	w := &walk{uses: &Uses{}}
	switch s.Kind() {
	case "VariableShowStmt":
		return w.uses, nil
	case "SelectStmt":
		w.node(s.tree, "")
		return w.uses, w.err
	case "ExplainStmt":
		body := s.body()
		w.uses.Analyze = analyzes(body["options"])
		w.explain = !w.uses.Analyze
		query, _ := body["query"].(map[string]any)
		kind, _ := wrapped(query)
		explained := w.explain && strings.HasSuffix(kind, "Stmt") && writing[kind]
		if kind != "SelectStmt" && !explained {
			if w.uses.Analyze {
				return nil, errors.New("EXPLAIN ANALYZE carries out what it explains, and that is no SELECT")
			}
			return nil, errors.New("it is no EXPLAIN of a SELECT, INSERT, UPDATE, DELETE or MERGE")
		}
		w.uses.Changes = explained
		w.node(query, "")
		return w.uses, w.err
	}
	return nil, errors.New("it is none of SELECT, VALUES, TABLE, SHOW and EXPLAIN")
}

// analyzes looks at the options of EXPLAIN. Any value of ANALYZE counts, "false" too.
func analyzes(options any) bool {
	list, _ := options.([]any)
	for _, o := range list {
		node, _ := o.(map[string]any)
		if _, body := wrapped(node); body["defname"] == "analyze" {
			return true
		}
	}
	return false
}

// walk collects what a tree uses, and stops at the first node that may change something.
type walk struct {
	uses    *Uses
	explain bool
	err     error
}

// children walks all values of a node, those of some fields left out.
func (w *walk) children(body map[string]any, without ...string) {
	for field, v := range body {
		skip := false
		for _, f := range without {
			skip = skip || f == field
		}
		if !skip {
			w.node(v, field)
		}
	}
}

func (w *walk) node(v any, field string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			w.node(item, field)
		}
	case map[string]any:
		if len(v) == 0 || w.err != nil {
			return
		}
		if kind, body := wrapped(v); kind != "" {
			w.kind(kind, body)
			return
		}
		kind, ok := bare[field]
		switch {
		case !ok:
			w.err = fmt.Errorf("it holds %q, which is not known to only read", field)
		case kind == "":
			w.children(v)
		default:
			w.kind(kind, v)
		}
	}
}

// kind collects what one node uses.
func (w *walk) kind(kind string, body map[string]any) {
	u := w.uses
	switch {
	case kind == "LockingClause" || body["lockingClause"] != nil:
		w.err = errors.New("it locks rows (FOR UPDATE, FOR SHARE)")
	case body["intoClause"] != nil:
		w.err = errors.New("it makes a table (INTO)")
	case strings.HasPrefix(kind, "Json") || kind == "MergeSupportFunc":
		for _, name := range jsonFunctions {
			u.Functions = append(u.Functions, Name{Name: name})
		}
		w.children(body)
	case !reading[kind] && (!w.explain || !writing[kind]):
		w.err = fmt.Errorf("it holds %s", spoken(kind))
	case kind == "A_Const", kind == "String":
	default:
		w.names(kind, body)
	}
}

// names collects the names that a node has, and walks the rest.
func (w *walk) names(kind string, body map[string]any) {
	u := w.uses
	switch kind {
	case "FuncCall":
		u.Functions = append(u.Functions, nameOf(body["funcname"]))
		w.children(body, "funcname")
	case "ColumnRef":
		if parts, _ := body["fields"].([]any); len(parts) > 1 {
			u.Fields = append(u.Fields, words(parts[len(parts)-1:])...)
		}
	case "A_Indirection":
		u.Fields = append(u.Fields, words(body["indirection"])...)
		w.children(body)
	case "A_Expr":
		u.Operators = append(u.Operators, nameOf(body["name"]))
		w.children(body, "name")
	case "SubLink":
		u.Operators = append(u.Operators, operatorOf(body["operName"])...)
		w.children(body, "operName")
	case "SortBy":
		u.Operators = append(u.Operators, operatorOf(body["useOp"])...)
		w.children(body, "useOp")
	case "TypeName":
		u.Types = append(u.Types, nameOf(body["names"]))
		w.children(body, "names")
	case "RangeVar":
		u.Relations = append(u.Relations, relationName(body))
		w.children(body)
	case "RangeTableSample":
		if m := nameOf(body["method"]); m.Schema != "" && m.Schema != "pg_catalog" || m.Name != "system" && m.Name != "bernoulli" {
			w.err = fmt.Errorf("it samples a table by %s, which is none of PostgreSQL's own methods", m)
		}
		w.children(body, "method")
	default:
		w.children(body)
	}
}

// operatorOf is the name of an operator; none where there is none.
func operatorOf(list any) []Name {
	if name := nameOf(list); name != (Name{}) {
		return []Name{name}
	}
	return nil
}

// spoken is a node's name for people: "an INSERT", "CopyStmt".
func spoken(kind string) string {
	if verb, ok := strings.CutSuffix(kind, "Stmt"); ok {
		return "a statement of the kind " + strings.ToUpper(verb)
	}
	return "a part of the kind " + kind
}

func set(names ...string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}
