package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/e82355ed/runbook/engine/journal"
)

// damaged marks what SQLite says of a file that is broken, or is none of its own.
func damaged(err error) error {
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case code.SQLITE_CORRUPT, code.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", journal.ErrDamaged, err)
		}
	}
	return err
}
