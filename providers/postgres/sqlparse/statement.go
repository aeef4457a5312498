package sqlparse

import "strings"

// Statement is one statement's parse tree.
type Statement struct {
	// tree has one key, the name of the statement's node in PostgreSQL's sources.
	tree map[string]any
}

// Name is a name that may have a schema.
type Name struct{ Schema, Name string }

// String writes the name with its schema, unquoted.
func (n Name) String() string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// Kind is the statement's node in PostgreSQL's sources: "SelectStmt", "CopyStmt".
func (s Statement) Kind() string {
	kind, _ := wrapped(s.tree)
	return kind
}

func (s Statement) body() map[string]any {
	_, body := wrapped(s.tree)
	return body
}

// Destructive reports whether the statement loses something: it drops or truncates, deletes or updates every row, or is
// a MERGE that deletes, be it in a WITH or below EXPLAIN. What the text of a DO block or a function says is not looked at.
func (s Statement) Destructive() bool {
	found := false
	each(s.tree, func(kind string, body map[string]any) {
		switch kind {
		case "TruncateStmt":
			found = true
		case "DeleteStmt", "UpdateStmt":
			found = found || body["whereClause"] == nil
		case "MergeWhenClause":
			found = found || body["commandType"] == "CMD_DELETE"
		case "AlterTableCmd":
			subtype, _ := body["subtype"].(string)
			found = found || subtype == "AT_DropColumn" || subtype == "AT_DropConstraint"
		default:
			found = found || strings.HasPrefix(kind, "Drop")
		}
	})
	return found
}

// OutsideTransaction reports whether the statement does what no rollback takes back: COPY to a file or a program.
func (s Statement) OutsideTransaction() bool {
	if s.Kind() != "CopyStmt" {
		return false
	}
	body := s.body()
	return body["is_program"] == true || body["is_from"] != true
}

// ChangesRows reports whether the statement is an INSERT, UPDATE, DELETE or MERGE.
func (s Statement) ChangesRows() bool {
	switch s.Kind() {
	case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
		return true
	}
	return false
}

// CopiesFromClient reports whether the statement is a COPY that reads what its client sends, and into which table.
func (s Statement) CopiesFromClient() (table Name, ok bool) {
	body := s.body()
	if s.Kind() != "CopyStmt" || body["is_from"] != true || body["filename"] != nil {
		return Name{}, false
	}
	relation, _ := body["relation"].(map[string]any)
	return relationName(relation), true
}

// whole are the kinds of statements that begin and end no transaction of their own.
var whole = map[string]bool{
	"SelectStmt": true, "InsertStmt": true, "UpdateStmt": true, "DeleteStmt": true, "MergeStmt": true, "CreateStmt": true,
	"CreateTableAsStmt": true, "CreateSchemaStmt": true, "CreateSeqStmt": true, "CreateFunctionStmt": true, "CreateTrigStmt": true,
	"CreateEnumStmt": true, "CreateDomainStmt": true, "CompositeTypeStmt": true, "CreateRoleStmt": true, "AlterSeqStmt": true,
	"AlterRoleStmt": true, "AlterEnumStmt": true, "AlterOwnerStmt": true, "AlterObjectSchemaStmt": true, "ViewStmt": true,
	"RenameStmt": true, "CommentStmt": true, "GrantStmt": true, "GrantRoleStmt": true, "TruncateStmt": true, "RuleStmt": true,
	"IndexStmt": true, "DropStmt": true,
}

// Whole reports whether the statement, without a transaction around it, happens whole or not at all: an error of the server
// leaves nothing of it. A DO block may commit half way, and so do VACUUM and CREATE INDEX CONCURRENTLY.
func (s Statement) Whole() bool { return whole[s.Kind()] && s.body()["concurrent"] != true }

// Inlines reports whether PostgreSQL may put the statement, as the only one of a function's body, in the place of a call
// of the function: a SELECT of no table and without a subquery.
func (s Statement) Inlines() bool {
	subquery := false
	each(s.tree, func(kind string, _ map[string]any) { subquery = subquery || kind == "SubLink" })
	return s.Kind() == "SelectStmt" && s.body()["fromClause"] == nil && !subquery
}

// Row changes, see [Statement.Change].
const (
	Insert = "INSERT"
	Update = "UPDATE"
	Delete = "DELETE"
)

// Change tells of a plain INSERT, UPDATE or DELETE which table it changes: one without WITH, FROM, USING, ON CONFLICT and
// RETURNING. The verb is empty for any other statement.
func (s Statement) Change() (verb string, table Name) {
	verb = map[string]string{"InsertStmt": Insert, "UpdateStmt": Update, "DeleteStmt": Delete}[s.Kind()]
	body := s.body()
	for _, clause := range [...]string{"withClause", "fromClause", "usingClause", "onConflictClause", "returningList", "returningClause"} {
		if body[clause] != nil {
			return "", Name{}
		}
	}
	relation, ok := body["relation"].(map[string]any)
	if verb == "" || !ok {
		return "", Name{}
	}
	return verb, relationName(relation)
}

// each visits every node below v.
func each(v any, visit func(kind string, body map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			each(item, visit)
		}
	case map[string]any:
		if kind, body := wrapped(v); kind != "" {
			visit(kind, body)
			v = body
		}
		for _, item := range v {
			each(item, visit)
		}
	}
}

// wrapped takes a node apart that says its own kind: {"SelectStmt": {…}}. Others have no kind.
func wrapped(m map[string]any) (kind string, body map[string]any) {
	if len(m) != 1 {
		return "", nil
	}
	for kind, inner := range m {
		if kind[0] < 'A' || kind[0] > 'Z' {
			return "", nil
		}
		body, _ := inner.(map[string]any)
		return kind, body
	}
	return "", nil
}

// words are the texts of a list of String nodes; other nodes are left out.
func words(list any) []string {
	items, _ := list.([]any)
	var out []string
	for _, item := range items {
		node, _ := item.(map[string]any)
		if kind, body := wrapped(node); kind == "String" {
			text, _ := body["sval"].(string)
			out = append(out, text)
		}
	}
	return out
}

// nameOf reads a dotted name; a leading database is dropped, since there is but one that a statement can name.
func nameOf(list any) Name {
	parts := words(list)
	switch n := len(parts); n {
	case 0:
		return Name{}
	case 1:
		return Name{Name: parts[0]}
	default:
		return Name{Schema: parts[n-2], Name: parts[n-1]}
	}
}

func relationName(body map[string]any) Name {
	schema, _ := body["schemaname"].(string)
	name, _ := body["relname"].(string)
	return Name{Schema: schema, Name: name}
}
