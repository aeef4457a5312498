package postgres

import (
	"errors"
	"sync"

	"github.com/e82355ed/runbook/providers/postgres/sqlparse"
)

// parsers is one parser for all clients of a provider: loading it takes seconds of computing and 260 MB, which a
// runbook that looks at twenty servers must pay once.
type parsers struct {
	mu    sync.Mutex
	one   *sqlparse.Parser
	users int
	kept  bool
}

// take gives the parser; its cache is where the first client wants it. Each that took it gives it back.
func (p *parsers) take(cacheDir string) *sqlparse.Parser {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.another(cacheDir)
}

// keep gives the parser to a check, for good: the run that is checked will want it, and loaded from its cache it takes
// little. It is nil where there is no folder that can keep it.
func (p *parsers) keep(cacheDir string) *sqlparse.Parser {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.kept:
		return p.one
	case cacheDir == "" || sqlparse.Keeps(cacheDir) != nil:
		return nil
	}
	p.kept = true
	return p.another(cacheDir)
}

func (p *parsers) another(cacheDir string) *sqlparse.Parser {
	if p.users++; p.users == 1 {
		p.one = &sqlparse.Parser{CacheDir: cacheDir}
	}
	return p.one
}

// giveBack frees the parser's memory after its last user.
func (p *parsers) giveBack() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		return errors.New("the SQL parser was given back more often than it was taken")
	}
	if p.users--; p.users > 0 {
		return nil
	}
	return p.one.Close()
}
