package postgres

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/e82355ed/runbook/engine/provider"
)

// variables are libpq's environment variables and the settings that they stand for. Those of the first list say where
// to connect; they are read only where no provider block does.
var (
	targetVariables = map[string]string{
		"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "database", "PGUSER": "user",
		"PGTARGETSESSIONATTRS": "target_session_attrs", "PGOPTIONS": "options", "PGTZ": "timezone",
		"PGSERVICE": "service", "PGSERVICEFILE": "servicefile",
	}
	credentialVariables = map[string]string{
		"PGPASSWORD": "password", "PGPASSFILE": "passfile", "PGAPPNAME": "application_name",
		"PGCONNECT_TIMEOUT": "connect_timeout", "PGSSLMODE": "sslmode", "PGSSLKEY": "sslkey", "PGSSLCERT": "sslcert",
		"PGSSLCERTMODE": "sslcertmode", "PGSSLSNI": "sslsni", "PGSSLROOTCERT": "sslrootcert",
		"PGSSLPASSWORD": "sslpassword", "PGSSLNEGOTIATION": "sslnegotiation",
		"PGMINPROTOCOLVERSION": "min_protocol_version", "PGMAXPROTOCOLVERSION": "max_protocol_version",
		"PGCHANNELBINDING": "channel_binding", "PGREQUIREAUTH": "require_auth",
	}
)

// unset is what each setting is when nobody says otherwise. All of them are written out for pgx, which would fill a gap
// from the process's own environment instead of from the host's.
var unset = settings{
	"host": "", "port": "5432", "password": "", "passfile": "", "application_name": "runbook", "connect_timeout": "30",
	"sslmode": "prefer", "sslkey": "", "sslcert": "", "sslcertmode": "allow", "sslsni": "", "sslrootcert": "",
	"sslpassword": "", "sslnegotiation": "", "target_session_attrs": "any", "options": "", "timezone": "",
	"min_protocol_version": "", "max_protocol_version": "", "channel_binding": "", "require_auth": "",
	// The texts of the server are read as UTF-8, and times in the ISO style.
	"client_encoding": "UTF8", "datestyle": "ISO",
	// A role's own setting must not change how a statement that was looked at is read.
	"standard_conforming_strings": "on",
}

// always are the settings that are written out whatever a service file says.
var always = set("client_encoding", "datestyle", "standard_conforming_strings")

// poolConfig gives the connection settings of a provider block or of the surroundings. It reads the files that they
// name (password file, certificates), and touches no network.
func poolConfig(req provider.Open[config]) (*pgxpool.Config, error) {
	s, err := settingsOf(req)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.ParseConfig(s.connString())
	if err != nil {
		// The error repeats the settings; its cause names a file or a setting at most.
		if cause := errors.Unwrap(err); cause != nil {
			return nil, fmt.Errorf("connection settings: %w", errors.New(s.scrub(cause.Error())))
		}
		return nil, errors.New("connection settings: a host, a port or an option is not valid")
	}
	pool.MaxConns = int32(max(1, min(req.MaxParallel, req.Config.MaxConnections)))
	for name, value := range pool.ConnConfig.RuntimeParams {
		if value == "" {
			delete(pool.ConnConfig.RuntimeParams, name)
		}
	}
	return pool, nil
}

// settingsOf merges, later wins: defaults, environment, URL, the block's other attributes. With a block, the
// environment gives credentials and TLS files alone.
func settingsOf(req provider.Open[config]) (settings, error) {
	s := maps.Clone(unset)
	s.fromHome(req.HomeDir)
	s.fromEnvironment(req.Host, credentialVariables)
	if !req.Explicit {
		s.fromEnvironment(req.Host, targetVariables)
	} else if err := s.fromBlock(req); err != nil {
		return nil, err
	}
	if t := req.Config.StatementTimeout; t > 0 {
		s["statement_timeout"] = strconv.FormatInt(max(1, int64(t/time.Millisecond)), 10)
	}
	if s["service"] != "" {
		s.makeRoomForService()
		return s, nil
	}
	if s["user"] == "" {
		s["user"] = req.Getenv("USER")
	}
	if s["user"] == "" {
		return nil, errors.New("there is no user to log in as; set user in the provider block, or PGUSER")
	}
	if s["database"] == "" {
		s["database"] = s["user"]
	}
	return s, nil
}

func (s settings) fromEnvironment(host provider.Host, names map[string]string) {
	for name, key := range names {
		s.set(key, host.Getenv(name))
	}
}

// fromHome names the files that libpq looks for in the user's home folder.
func (s settings) fromHome(home string) {
	if home == "" {
		return
	}
	s["passfile"] = filepath.Join(home, ".pgpass")
	folder := filepath.Join(home, ".postgresql")
	if exist(filepath.Join(folder, "postgresql.crt"), filepath.Join(folder, "postgresql.key")) {
		s["sslcert"], s["sslkey"] = filepath.Join(folder, "postgresql.crt"), filepath.Join(folder, "postgresql.key")
	}
	if root := filepath.Join(folder, "root.crt"); exist(root) {
		s["sslrootcert"] = root
	}
}

func (s settings) fromBlock(req provider.Open[config]) error {
	c := req.Config
	if c.URL != "" {
		parsed, err := parseURL(c.URL)
		if err != nil {
			return fmt.Errorf("url: %w", err)
		}
		maps.Copy(s, parsed)
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("port %d is not a number from 1 to 65535", c.Port)
	}
	if c.Port > 0 {
		s["port"] = strconv.Itoa(c.Port)
	}
	if c.MaxConnections < 1 {
		return fmt.Errorf("max_connections is %d; it must be at least 1", c.MaxConnections)
	}
	s.set("host", c.Host)
	s.set("database", c.Database)
	s.set("user", c.User)
	s.set("password", c.Password)
	s.set("sslmode", c.SSLMode)
	if s["host"] == "" {
		return errors.New("the provider block names no server: " + noServer)
	}
	for _, key := range [...]string{"sslrootcert", "sslcert", "sslkey"} {
		if path := s[key]; path != "" && path != "system" && !filepath.IsAbs(path) {
			s[key] = filepath.Join(req.Dir, path)
		}
	}
	return nil
}

// makeRoomForService leaves out what is not set, because pgx lets every written setting win over the service file.
func (s settings) makeRoomForService() {
	for key, value := range unset {
		if s[key] == value && !always[key] {
			delete(s, key)
		}
	}
}

// connString writes the settings in libpq's keyword/value form.
func (s settings) connString() string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s='%s' ", key, quote.Replace(s[key]))
	}
	return b.String()
}

// scrub blanks the secrets of the settings out of a text.
func (s settings) scrub(text string) string {
	for _, key := range [...]string{"password", "sslpassword"} {
		if secret := s[key]; secret != "" {
			text = strings.ReplaceAll(text, secret, "(sensitive)")
		}
	}
	return text
}
