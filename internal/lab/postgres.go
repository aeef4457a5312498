package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

const databaseName = "intelligent_agent"

//go:embed config/postgresql.conf
var postgresConfig string

//go:embed config/postgres-seed.sql
var postgresSeed string

// postgresUp runs a cluster of the lab's own; the one that the Debian package may have started is not touched.
func (l *Lab) postgresUp(ctx context.Context) (outcome, error) {
	owner, err := unprivileged("postgres", "nobody")
	if err != nil {
		return outcome{}, err
	}
	server, err := find("postgres")
	if err != nil {
		return outcome{}, err
	}
	data := filepath.Join(l.state.SharedDir, "postgres")
	if err := l.postgresPrepare(ctx, owner, data); err != nil {
		return outcome{}, err
	}
	started, err := l.ensure(ctx, command{
		name: "postgres", path: server, dir: data, account: owner,
		args:   []string{"-D", data, "-p", l.port("postgres"), "-k", l.state.SharedDir},
		inputs: []string{filepath.Join(data, "lab.conf"), filepath.Join(data, "server.crt")},
		stop:   syscall.SIGINT, // ends sessions instead of waiting for them, see "Shutting Down the Server"
	})
	if err != nil {
		return outcome{}, err
	}
	err = l.await(ctx, func(ctx context.Context) error {
		return l.asSuperuser(ctx, "postgres", execute(ctx, "SELECT"))
	}, "postgres")
	if err != nil {
		return outcome{}, err
	}
	return outcome{started: started, detail: l.address("postgres") + "/" + databaseName}, l.postgresSeeded(ctx)
}

// postgresPrepare makes the cluster's directory, its configuration and its certificate.
func (l *Lab) postgresPrepare(ctx context.Context, owner *account, data string) error {
	// The parent must be open to the server's user, the data must not be open to anyone else.
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	if err := os.Chmod(l.state.SharedDir, 0o755); err != nil {
		return fmt.Errorf("open the data directory's parent: %w", err)
	}
	if err := owner.own(l.state.SharedDir, data); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, "lab.conf")); err != nil {
		if err := l.postgresInit(ctx, owner, data); err != nil {
			return err
		}
	}
	files := map[string]string{"server.crt": l.path("certs", "postgres.crt"), "server.key": l.path("certs", "postgres.key")}
	for name, source := range files {
		content, err := os.ReadFile(source)
		if err != nil {
			return fmt.Errorf("read the server's certificate: %w", err)
		}
		if err := writeFile(filepath.Join(data, name), content, 0o600); err != nil {
			return fmt.Errorf("install the server's certificate: %w", err)
		}
	}
	// Last, for it marks the directory as complete.
	if err := writeFile(filepath.Join(data, "lab.conf"), []byte(postgresConfig), 0o600); err != nil {
		return fmt.Errorf("write the server's configuration: %w", err)
	}
	return owner.own(filepath.Join(data, "server.crt"), filepath.Join(data, "server.key"), filepath.Join(data, "lab.conf"))
}

// postgresInit makes an empty cluster in which everybody needs a password.
func (l *Lab) postgresInit(ctx context.Context, owner *account, data string) error {
	initdb, err := find("initdb")
	if err != nil {
		return err
	}
	entries, err := filepath.Glob(filepath.Join(data, "*"))
	if err != nil {
		return err
	}
	for _, entry := range entries { // what an interrupted attempt has left
		if err := os.RemoveAll(entry); err != nil {
			return fmt.Errorf("clear the data directory: %w", err)
		}
	}
	password := filepath.Join(l.state.SharedDir, "password")
	defer func() { _ = os.Remove(password) }()
	if err := writeFile(password, []byte(l.state.Secrets["postgres-superuser"]+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the superuser's password: %w", err)
	}
	if err := owner.own(password); err != nil {
		return err
	}
	init := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "--pwfile="+password, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	init.Dir = l.state.SharedDir
	if owner != nil {
		init.SysProcAttr = &syscall.SysProcAttr{Credential: owner.credential()}
	}
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initialize the database cluster: %w\n%s", err, out)
	}
	main, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open the server's configuration: %w", err)
	}
	_, err = main.WriteString("\ninclude 'lab.conf'\n")
	return errors.Join(err, main.Close())
}

// postgresSeeded creates the database and fills it, unless that has been done. What an interrupted attempt has left is
// dropped: the seed runs in one transaction, so its last table stands for all of it.
func (l *Lab) postgresSeeded(ctx context.Context) error {
	return l.asSuperuser(ctx, "postgres", func(admin *pgx.Conn) error {
		var exists bool
		err := admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", databaseName).Scan(&exists)
		if err != nil {
			return fmt.Errorf("look for the database: %w", err)
		}
		if exists && l.asSuperuser(ctx, databaseName, execute(ctx, "SELECT FROM lab_seed")) == nil {
			return nil
		}
		for _, statement := range []string{"DROP DATABASE IF EXISTS " + databaseName + " WITH (FORCE)", "CREATE DATABASE " + databaseName} {
			if err := execute(ctx, statement)(admin); err != nil {
				return err
			}
		}
		seed := strings.ReplaceAll(postgresSeed, "%ROLE_PASSWORD%", l.state.Secrets["postgres-runbook"])
		return l.asSuperuser(ctx, databaseName, execute(ctx, seed))
	})
}

// asSuperuser calls do with a connection to a database.
func (l *Lab) asSuperuser(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	url := fmt.Sprintf("postgres://postgres:%s@%s/%s", l.state.Secrets["postgres-superuser"], l.address("postgres"), database)
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to the database %s: %w", database, err)
	}
	return errors.Join(do(connection), connection.Close(ctx))
}

// execute runs statements in one transaction, except for those that must not be in one.
func execute(ctx context.Context, sql string) func(*pgx.Conn) error {
	return func(connection *pgx.Conn) error {
		if _, err := connection.Exec(ctx, sql); err != nil {
			start, _, _ := strings.Cut(sql, "\n")
			return fmt.Errorf("run %q: %w", start, err)
		}
		return nil
	}
}
