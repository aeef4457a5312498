package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// each runs the statements without a transaction around them. It keeps first which server process they are sent to, by which can be
// seen later whether it is still at them.
func (x *execution) each(ctx context.Context, list []change) error {
	if err := x.noteOpen(execNote{Server: x.server}); err != nil {
		return x.ended(ctx, err, true)
	}
	for i := range list {
		a, err := x.sendWith(ctx, list[i].sql, list[i].params, 0)
		if err != nil {
			return x.stopped(ctx, list, i, err)
		}
		x.add(a)
	}
	return nil
}

// stopped tells of a list that ended at a statement what took place: what came before did. Where the server says for sure that
// the statement itself did not, the result is kept, so that an undo is due and nothing is in doubt.
func (x *execution) stopped(ctx context.Context, list []change, at int, err error) error {
	e := x.explain(ctx, err)
	e.Err = ofList(e.Err, at, len(list))
	e.NothingDone = false
	certain := list[at].leavesNothing(err)
	switch {
	case at == 0 && certain:
		e.NothingDone = true
	case at == 0 && len(list) == 1:
		e.Hint = strings.TrimSpace(e.Hint + " " + unknown)
	case at == 0:
		e.Hint = sentence(e.Hint, "What statement 1 did before it failed is not known from here; the others were not sent")
	case certain:
		x.partly, e.Partial = true, true
		e.Hint = sentence(e.Hint, fmt.Sprintf("%s took place, %d did not", first(at), at+1))
	default:
		e.Hint = sentence(e.Hint, fmt.Sprintf("%s took place; what %d did before it failed is not known from here", first(at), at+1))
	}
	return e
}

// unknown is what is said of a write in doubt.
const unknown = "Whether it took place is not known from here."

// ofList says which statement of several an error is of.
func ofList(err error, at, of int) error {
	if of == 1 {
		return err
	}
	return fmt.Errorf("statement %d of %d: %w", at+1, of, err)
}

// first names the first statements of a list.
func first(n int) string {
	switch n {
	case 1:
		return "Statement 1"
	case 2:
		return "Statements 1 and 2"
	}
	return fmt.Sprintf("Statements 1 to %d", n)
}

// sentence adds one to a hint.
func sentence(hint, more string) string { return strings.TrimSpace(hint + " " + more + ".") }

// leavesNothing reports whether the server's error says for sure that the statement, which had no transaction around it, did
// nothing: it did not begin, or is of a kind that happens whole or not at all. A fatal error may follow the end of what it did.
func (ch *change) leavesNothing(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !onlyAnError(e) {
		return false
	}
	return refusedAtOnce(e) || ch.tree != nil && ch.tree.Whole() && !ch.outside
}

// onlyAnError reports whether an error ended the statement alone, and not the session too.
func onlyAnError(e *pgconn.PgError) bool {
	return e.Severity == "ERROR" || e.SeverityUnlocalized == "ERROR"
}

// refusedAtOnce reports whether a statement did not even begin: a name, a right, a syntax (class 42), or that no
// transaction may hold it (25001). With a context it is of what a function, or a block, has come to.
func refusedAtOnce(e *pgconn.PgError) bool {
	return e.Where == "" && (strings.HasPrefix(e.Code, "42") || e.Code == "25001")
}
