package stores

import (
	"context"
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/postgres"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
)

// Open opens the journal at an address, made where it does not exist: the path of a file, or a postgres:// URL.
func Open(ctx context.Context, address string) (journal.Journal, error) {
	switch scheme, _, remote := strings.Cut(address, "://"); {
	case !remote:
		return sqlite.Open(ctx, address)
	case isPostgres(scheme):
		return postgres.Open(ctx, address, journal.ReadWrite)
	default:
		return nil, unknown(scheme)
	}
}

// OpenReadOnly opens the journal at an address for reading, which makes and changes nothing.
func OpenReadOnly(ctx context.Context, address string) (journal.Journal, error) {
	switch scheme, _, remote := strings.Cut(address, "://"); {
	case !remote:
		return sqlite.OpenReadOnly(ctx, address)
	case isPostgres(scheme):
		return postgres.Open(ctx, address, journal.ReadOnly)
	default:
		return nil, unknown(scheme)
	}
}

func isPostgres(scheme string) bool { return scheme == "postgres" || scheme == "postgresql" }

func unknown(scheme string) error {
	return fmt.Errorf("the history of runs can't be kept in %s://…; give a file or postgres://user@host:5432/database", scheme)
}
