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
	if at := p.syntax(host, sql); at != nil {
		return at
	}
	return nil
}

// checkChange doubts a text of postgres_exec that PostgreSQL 17 does not understand: a later server may, so it is sent.
func (p *parsers) checkChange(host provider.Host, sql string) error {
	if at := p.syntax(host, sql); at != nil {
		at.Doubtful = true
		return at
	}
	return nil
}

// syntax gives the first error that PostgreSQL's own parser finds. Nothing is found where the compiled parser can be kept
// nowhere: to compile it anew for each check would take seconds.
func (p *parsers) syntax(host provider.Host, sql string) *provider.PositionError {
	parser := p.keep(sqlparse.CacheDir(host.Getenv("XDG_CACHE_HOME"), host.HomeDir))
	if parser == nil {
		return nil
	}
	// A check has no context: it takes what it takes, which the parser's own limit of size bounds.
	_, err := parser.Parse(context.Background(), sql)
	wrong, ok := errors.AsType[*sqlparse.SyntaxError](err)
	if !ok {
		return nil // it is fine, or the parser can't be had, which is no fault of the text
	}
	at := &provider.PositionError{Offset: -1, Message: fmt.Sprintf("PostgreSQL 17 does not understand it: %s", wrong.Message)}
	if wrong.Position > 0 {
		at.Offset, at.Length = wordAt(sql, wrong.Position)
	}
	return at
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
