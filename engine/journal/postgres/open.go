package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/journal/process"
)

// connections bounds what a process takes from the server: the writer, a lease, a look into the mailbox, a reader.
const connections = 4

// connectTimeout bounds the wait for a server that does not answer: for a login, and for a word of one that has let us in.
const connectTimeout = 10 * time.Second

// Open connects to the database of a URL, postgres://user:password@host:port/database, and makes the schema "runbook" on
// first use, unless the access is for reading. Settings that the URL leaves out come from the PG* variables and
// ~/.pgpass, as libpq has them. No error holds the password.
func Open(ctx context.Context, url string, access journal.Access) (journal.Journal, error) {
	return openWithin(ctx, url, access, connectTimeout)
}

// openWithin is Open with another bound of the wait for a word.
func openWithin(ctx context.Context, url string, access journal.Access, silence time.Duration) (journal.Journal, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL(err)
	}
	config.MaxConns = connections
	if _, set := config.ConnConfig.RuntimeParams["application_name"]; !set {
		config.ConnConfig.RuntimeParams["application_name"] = "runbook"
	}
	if config.ConnConfig.ConnectTimeout == 0 || config.ConnConfig.ConnectTimeout > connectTimeout {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.PingTimeout = silence / connections // those that an outage left behind take no longer than one login
	c := config.ConnConfig
	s := &store{
		name: fmt.Sprintf("postgres://%s@%s:%d/%s", c.User, c.Host, c.Port, c.Database), secret: c.Password,
		self: process.Self(), patience: patience, lines: bound(config, silence),
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, s.explain(err)
	}
	look := func() (err error) {
		if access == journal.ReadOnly {
			s.layout, err = layoutOf(ctx, s.pool)
			return err
		}
		s.layout = len(layouts)
		if err := s.takesWrites(ctx); err != nil {
			return err
		}
		return s.migrate(ctx)
	}
	// A server that says that it is about to be there is waited for; for a wrong address, or behind one that swallows what is
	// sent, nobody wants to wait.
	if err = look(); passing(err) && !isDial(err) && !errors.Is(err, errSilent) {
		err = s.again(ctx, look)
	}
	if err != nil {
		s.hangUp()
		return nil, s.explain(err)
	}
	if access != journal.ReadOnly {
		s.Writer = batch.NewWriter(s)
	}
	return s, nil
}

// takesWrites refuses a database that can't be written: a standby may be about to take over, but most often it is the wrong
// address, and a setting does not pass.
func (s *store) takesWrites(ctx context.Context) error {
	var off, standby bool
	err := s.pool.QueryRow(ctx, "SELECT current_setting('transaction_read_only')::boolean, pg_is_in_recovery()").Scan(&off, &standby)
	switch {
	case err != nil:
		return err
	case standby:
		return errors.New("it is a standby, which takes no writes; name the primary")
	case off:
		return errors.New("it takes no writes: default_transaction_read_only is on, for the database, the user or the server; " +
			"name another database, or have an administrator turn it off")
	}
	return nil
}

func (s *store) explain(err error) error {
	return fmt.Errorf("the run history %s can't be used: %w", s.name, s.plain(err))
}

func (s *store) readError(err error) error {
	return fmt.Errorf("read the run history %s: %w", s.name, s.plain(err))
}

func (s *store) writeError(err error) error {
	return fmt.Errorf("write the run history %s: %w", s.name, s.plain(err))
}
