package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// What a statement changes beside the rows that it tells, by a foreign key of another table or a trigger, is seen by what the server
// counts: the rows of each table that the session has inserted, updated and deleted.

//go:embed tally.sql
var tallySQL string

//go:embed reached.sql
var reachedSQL string

// counts are of the rows that were inserted, updated and deleted.
type counts [3]int64

const (
	inserted = iota
	updated
	deleted
)

var kinds = map[string]int{sqlparse.Insert: inserted, sqlparse.Update: updated, sqlparse.Delete: deleted}

var done = [...]string{inserted: "inserted", updated: "updated", deleted: "deleted"}

// tally is what the session has changed.
type tally []tallied

type tallied struct {
	oid string
	// name has its schema. own is true of the table that the statement names, of its partitions and its children; heir of a child whose rows
	// don't come back when they are inserted into that table.
	name                 string
	temporary, own, heir bool
	counts               counts
}

// tally asks what the session has changed so far.
func (x *execution) tally(ctx context.Context, name sqlparse.Name) (tally, error) {
	a, err := x.send(ctx, tallySQL, [][]byte{[]byte(quoteName(name))}, math.MaxInt)
	if err != nil {
		return nil, err
	}
	set, all := rowsOf(a.table), tally{}
	for _, r := range set.rows {
		all = append(all, tallied{r.text("oid"), r.text("name"), r.bool("temporary"), r.bool("own"), r.bool("heir"),
			counts{r.integer("inserted"), r.integer("updated"), r.integer("deleted")}})
	}
	return all, set.err
}

// since leaves what came after an earlier one.
func (t tally) since(earlier tally) tally {
	before := map[string]counts{}
	for _, e := range earlier {
		before[e.oid] = e.counts
	}
	for i := range t {
		for k, n := range before[t[i].oid] {
			t[i].counts[k] -= n
		}
	}
	t = slices.DeleteFunc(t, func(e tallied) bool { return e.counts == counts{} })
	slices.SortFunc(t, func(a, b tallied) int { return cmp.Compare(a.name, b.name) })
	return t
}

// own sums up what is changed of the statement's own table.
func (t tally) own() counts {
	var sum counts
	for _, e := range t {
		for k, n := range e.counts {
			if e.own {
				sum[k] += n
			}
		}
	}
	return sum
}

// whole holds the rows that a statement tells against what it has changed. Where that is more, its undo would take back a part: then it
// is refused if it counts on the rows, and told of otherwise.
func (x *execution) whole(ctx context.Context, verb string, name sqlparse.Name, earlier tally, told int64) error {
	counted := x.countedOn("before") || x.countedOn("after")
	// What COMMIT would have triggers do is done now.
	if _, err := x.send(ctx, "SET CONSTRAINTS ALL IMMEDIATE", nil, 0); err != nil {
		return err
	}
	now, err := x.tally(ctx, name)
	if err != nil {
		return err
	}
	changed := now.since(earlier)
	own, want, kind := changed.own(), counts{}, kinds[verb]
	if verb == sqlparse.Update && own[inserted] == own[deleted] { // into another partition
		own[updated] += own[inserted]
		own[inserted], own[deleted] = 0, 0
	}
	want[kind] = told
	if own == want && !slices.ContainsFunc(changed, func(e tallied) bool { return !e.own || e.heir }) {
		return nil
	}
	if own[kind] < told {
		if counted {
			return x.client.refuse(execOp, fmt.Errorf("not carried out, as what the statement changes beside the rows before and after, on which the undo counts, can't be told: "+
				"the server counts %d of %d (track_counts is off, or it keeps the rows elsewhere); %s", own[kind], told, instead))
		}
		return nil
	}
	reached, err := x.reached(ctx, name, changed.own())
	if err != nil {
		return err
	}
	missing, elsewhere := changed.missing(verb, reached)
	if own != want {
		missing = append(missing, mismatch(name, own, want, changed, reached)...)
	}
	switch {
	case len(missing) > 0 && counted:
		return x.client.refuse(execOp, fmt.Errorf("not carried out, as the undo counts on the rows before or after, which are not all that it changes: %s; "+
			"copy the rows of each of these tables into a table of its own in a step before (CREATE TABLE … AS SELECT), and have the undo copy them back, "+
			"without self.before and self.after", strings.Join(missing, ", ")))
	case len(missing) > 0:
		x.warn("the rows before and after are not all that the statement changed: %s", strings.Join(missing, ", "))
	case len(elsewhere) > 0 && counted:
		x.warn("a trigger or a function changed more, which the undo takes back only where it runs then too: %s", strings.Join(elsewhere, ", "))
	}
	return nil
}

// missing tells what is changed of other tables by their foreign keys, or lost in children; elsewhere what triggers and functions did.
func (t tally) missing(verb string, reached map[string]string) (missing, elsewhere []string) {
	for _, e := range t {
		for k, n := range e.counts {
			switch by := reached[e.oid]; {
			case n == 0 || e.temporary && !e.own:
			case e.heir && verb == sqlparse.Delete && k == deleted:
				missing = append(missing, fmt.Sprintf("%s %s, which inherits from it", rowsOfTable(n, e.name), done[k]))
			case e.own:
			case by != "" && k != inserted:
				missing = append(missing, fmt.Sprintf("%s %s (%s)", rowsOfTable(n, e.name), done[k], by))
			default:
				elsewhere = append(elsewhere, rowsOfTable(n, e.name)+" "+done[k])
			}
		}
	}
	return missing, elsewhere
}

// mismatch tells what is changed of the statement's own table and is not among the rows that it tells.
func mismatch(name sqlparse.Name, own, want counts, changed tally, reached map[string]string) []string {
	by := ""
	for _, e := range changed {
		if e.own && reached[e.oid] != "" {
			by = " (" + reached[e.oid] + ")"
		}
	}
	var out []string
	for k, n := range own {
		if n != want[k] {
			out = append(out, fmt.Sprintf("%s %s and %d told%s", rowsOfTable(n, name.String()), done[k], want[k], by))
		}
	}
	return out
}

func rowsOfTable(n int64, table string) string {
	if n == 1 {
		return "1 row of " + table
	}
	return fmt.Sprintf("%d rows of %s", n, table)
}

// reached are the tables that foreign keys change when rows of the table are deleted or updated, by number, each with the constraint.
func (x *execution) reached(ctx context.Context, name sqlparse.Name, own counts) (map[string]string, error) {
	events := ""
	if own[deleted] > 0 {
		events += "d"
	}
	if own[updated] > 0 || own[inserted] > 0 && own[deleted] > 0 {
		events += "u"
	}
	a, err := x.send(ctx, reachedSQL, [][]byte{[]byte(quoteName(name)), []byte(events)}, math.MaxInt)
	if err != nil {
		return nil, err
	}
	set, all := rowsOf(a.table), map[string]string{}
	for _, r := range set.rows {
		all[r.text("oid")] = r.text("by")
	}
	return all, set.err
}
