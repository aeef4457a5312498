package sqlite

import (
	"context"
	"errors"
)

// forget empties the log, where what was deleted still stands in what was written before; in the file it is overwritten as it is
// deleted. Nobody is waited for: while others read or write, the log stays until the last of them is done with the file.
func (s *store) forget(ctx context.Context) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.writeError(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout(0)"); err != nil {
		return s.writeError(err)
	}
	defer func() {
		if _, back := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA "+patient); back != nil {
			err = errors.Join(err, s.writeError(back))
		}
	}()
	var busy, pages, moved int
	if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return s.writeError(err)
	}
	return nil
}
