package postgres

import "strings"

// While it plans, PostgreSQL works out what is constant in the expressions of a table's indexes, constraints, statistics and
// partition key, and with a change in the defaults of its columns: it calls a function that is declared immutable if all its
// arguments are constants, for an estimate one that is declared stable too, and puts the body of one in SQL in the place of a call. A
// call with a column stays a call.

// firstOfInitdb is the first number of an object that is not one of PostgreSQL's own with a fixed number. Those of
// information_schema, whose functions are in SQL and may drop an argument, are above.
const firstOfInitdb = 10000

// estimated stands for the mention of an operator whose function is called with values from a table's statistics.
const estimated = "estimated"

// spared reports whether a function is one that planning comes across and does not call. What a body in SQL holds may be
// called yet, see inlines.
func (o object) spared() bool {
	switch {
	case o.kind == "trigger":
		return true
	case o.place == "" || o.mention == estimated:
		return false
	case o.mention == "":
		return o.volatility == "v" && !o.atomic // named in a body: how it is called is not known, nor is such a body followed
	}
	return o.volatility == "v" || keepsCalls(o.tree, o.mention)
}

// inlines reports whether the function's body may be put in the place of a call. One that the server keeps as a tree is
// followed in the catalog.
func (o object) inlines() bool {
	return o.language == "sql" && !o.definer && !o.configured && !o.atomic && o.prokind == "f"
}

// keepsCalls reports whether no call in a tree has constants alone for arguments. mention is a field with its value.
func keepsCalls(tree, mention string) bool {
	field, value, _ := strings.Cut(mention, " ")
	found, kept := false, true
	for _, root := range parseTree(tree) {
		root.each(func(n *treeNode) {
			if n.value(field) == value {
				found = true
				kept = kept && n.hasColumn()
			}
		})
	}
	return found && kept
}

// hasColumn reports whether an argument surely is no constant.
func (n *treeNode) hasColumn() bool {
	for _, a := range n.fields["args"] {
		if a.varies() {
			return true
		}
	}
	return false
}

// varies reports whether an expression surely does not become a constant: it is a column, or one of PostgreSQL's own functions or
// operators of one. A NULL beside the column may make the whole NULL, so all else must be known too.
func (n *treeNode) varies() bool {
	switch n.kind {
	case "VAR":
		return true
	case "RELABELTYPE", "COERCEVIAIO", "COLLATEEXPR":
		arg := n.fields["arg"]
		return len(arg) == 1 && arg[0].varies()
	case "COALESCEEXPR":
		args := n.fields["args"]
		return len(args) > 0 && args[0].varies()
	case "FUNCEXPR", "OPEXPR":
		if !ownNumber(n.value("funcid") + n.value("opno")) {
			return false
		}
		for _, a := range n.fields["args"] {
			if !a.varies() && (a.kind != "CONST" || a.value("constisnull") != "false") {
				return false
			}
		}
		return n.hasColumn()
	}
	return false
}
