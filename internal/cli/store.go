package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/internal/view"
)

// storeVariable says where the history of runs is, for all commands. A URL with a password belongs there: everyone sees the
// arguments of a process.
const storeVariable = "RUNBOOK_STORE"

// storeFlag declares --store.
func storeFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "store", "", "`FILE` or postgres:// URL with the history of runs (default $"+storeVariable+
		", $XDG_STATE_HOME/runbook/runs.db, ~/.local/state/runbook/runs.db)")
}

// storePath is where the history of runs is kept: a file, or a database's URL.
func (p *Program) storePath(flag string) (string, error) {
	if p.store = absoluteStore(flag); flag != "" {
		p.hideStorePassword(flag)
		return flag, checkStore("--store", flag)
	}
	if address := p.env(storeVariable); address != "" {
		return address, checkStore(storeVariable, address)
	}
	// The XDG base directory specification: a relative path is to be ignored.
	if state := p.env("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "runbook", "runs.db"), nil
	}
	if p.HomeDir == "" {
		return "", errors.New("there is no home folder for the history of runs; name a file with --store FILE")
	}
	return filepath.Join(p.HomeDir, ".local", "state", "runbook", "runs.db"), nil
}

// absoluteStore is what --store named, for commands that are typed from any folder.
func absoluteStore(flag string) string {
	if flag == "" || isURL(flag) {
		return flag
	}
	path, err := filepath.Abs(flag)
	if err != nil { // the folder that it stands in is gone
		return flag
	}
	return path
}

// checkStore refuses what somebody mistyped: it would be a new history without a run in it. Only the default folder is made.
func checkStore(name, address string) error {
	if isURL(address) {
		return nil
	}
	if strings.HasPrefix(address, "postgres:") || strings.HasPrefix(address, "postgresql:") {
		return fmt.Errorf("%s %s: a database is written postgres://USER@HOST/DATABASE; a file of that name, ./%s", name, address, address)
	}
	if settings.MatchString(address) || account.MatchString(address) {
		return fmt.Errorf("%s %s: a database is written postgres://USER@HOST/DATABASE; a file of that name, ./%s", name, address, address)
	}
	folder := filepath.Dir(address)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s %s: the folder %s does not exist; make it first, or name another file", name, address, folder)
	}
	return nil
}

// command is one for people to type, on the history that --store named.
func (p *Program) command(text string) string { return view.Command(p.store, text) }

// isURL tells a database from a file.
func isURL(address string) bool { return strings.Contains(address, "://") }

// settings is how libpq takes a database beside a URL: host=… password=….
var settings = regexp.MustCompile(`^(host|hostaddr|port|dbname|user|password)=|\spassword=`)

// account is a database's address without its beginning: user:password@host/database.
var account = regexp.MustCompile(`^/{0,2}[^/:@]+:(.+)@`)

// settingsPassword finds the password among them, and in the query of a URL that can't be read.
var settingsPassword = regexp.MustCompile(`password=('[^']*'|[^\s&]+)`)

// hideStorePassword keeps the password of a database out of every output, also where the address is mistyped: it is told then.
func (p *Program) hideStorePassword(address string) {
	for _, found := range settingsPassword.FindAllStringSubmatch(address, -1) {
		p.redactor.Add(strings.Trim(found[1], "'"))
	}
	scheme, rest, _ := strings.Cut(address, ":")
	withAccount := address
	if scheme == "postgres" || scheme == "postgresql" { // which is no user
		withAccount = rest
	}
	if found := account.FindStringSubmatch(withAccount); found != nil {
		p.redactor.Add(found[1])
	}
	u, err := url.Parse(scheme + "://" + strings.TrimLeft(rest, "/")) // one slash, or none, is a slip
	if err != nil {
		return
	}
	if password, set := u.User.Password(); set {
		p.redactor.Add(password)
	}
	for _, password := range u.Query()["password"] {
		p.redactor.Add(password)
	}
}

// nameOfStore is what a history is called: as its own errors call it, so that one history has one name.
func nameOfStore(history journal.Journal, address string) string {
	if named, ok := history.(journal.Named); ok {
		return named.Name()
	}
	return address
}

// sayNoHistory says that there is nothing to list, nor to delete.
func (p *Program) sayNoHistory(flag string) error {
	path, err := p.storePath(flag)
	p.say("There are no runs: no history is kept in %s yet.", path)
	return err
}

// openHistory opens the history of runs; nil where there is none yet.
func (p *Program) openHistory(ctx context.Context, flag string, access journal.Access) (journal.Journal, error) {
	address, err := p.storePath(flag)
	if err != nil {
		return nil, err
	}
	if !isURL(address) {
		// Looking must not make a file.
		if _, err := os.Stat(address); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	open := p.OpenJournal
	if access == journal.ReadOnly && p.OpenHistory != nil {
		open = p.OpenHistory
	}
	return open(ctx, address)
}
