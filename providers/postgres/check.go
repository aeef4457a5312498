package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// checkQuery says why a text can't be the statement of postgres_query. What PostgreSQL 17 does not understand is refused
// when it is to be sent, and so here.
func (p *parsers) checkQuery(host provider.Host, sql string) error {
	if err := checkQuery(sql); err != nil {
		return err
	}
	if _, at := p.syntax(host, sql); at != nil {
		return at
	}
	return nil
}

// checkChange says why a text can't be a statement of postgres_exec. One that PostgreSQL 17 does not understand is only
// doubted: a later server may, so it is sent.
func (p *parsers) checkChange(host provider.Host, sql string) error {
	list, at := p.syntax(host, sql)
	if at != nil {
		at.Doubtful = true
		return at
	}
	if list == nil {
		return nil // nobody has read it
	}
	return one(list)
}

// one refuses what is not one statement that postgres_exec can run, whatever the server holds.
func one(list []sqlparse.Statement) error {
	switch len(list) {
	case 0:
		return errors.New("there is no statement in it")
	case 1:
	default:
		return fmt.Errorf("these are %d statements; list each by itself in statements", len(list))
	}
	if list[0].Kind() == "TransactionStmt" {
		return errors.New("transactions are begun and ended by the action; leave this out, and see its argument transaction")
	}
	if table, ok := list[0].CopiesFromClient(); ok {
		return fmt.Errorf("COPY FROM STDIN waits for rows that nobody sends; write INSERT INTO %[1]s VALUES …, or COPY %[1]s FROM a file of the server's", table)
	}
	return nil
}

// syntax gives the statements, or the first error that PostgreSQL's own parser finds. Nothing is found where the compiled parser can be kept
// nowhere: to compile it anew for each check would take seconds.
func (p *parsers) syntax(host provider.Host, sql string) ([]sqlparse.Statement, *provider.PositionError) {
	parser := p.keep(sqlparse.CacheDir(host.Getenv("XDG_CACHE_HOME"), host.HomeDir))
	if parser == nil {
		return nil, nil
	}
	// A check has no context: it takes what it takes, which the parser's own limit of size bounds.
	list, err := parser.Parse(context.Background(), sql)
	wrong, ok := errors.AsType[*sqlparse.SyntaxError](err)
	if !ok {
		return list, nil // it is fine, or the parser can't be had, which is no fault of the text
	}
	at := &provider.PositionError{Offset: -1, Message: fmt.Sprintf("PostgreSQL 17 does not understand it: %s", wrong.Message)}
	if wrong.Position > 0 {
		at.Offset, at.Length = wordAt(sql, wrong.Position)
	}
	return nil, at
}

// wordAt is the place of the token at a character, which counts from 1, in bytes.
func wordAt(sql string, character int) (offset, length int) {
	for i := range sql {
		if character--; character == 0 {
			for _, t := range scan(sql) {
				if t.at == i && (t.kind == word || t.kind == sign) {
					return i, len(t.text)
				}
			}
			return i, 1
		}
	}
	return len(sql), 0
}
