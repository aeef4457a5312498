package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"filippo.io/age"
)

// ErrNoKey says that there is no key to open something with: the key file isn't there.
var ErrNoKey = errors.New("there is no key")

// KeyOptions say where the key is. The environment is the caller's.
type KeyOptions struct {
	// Identity is the value of RUNBOOK_KEY: an age identity ("AGE-SECRET-KEY-1…"), or several, one a line. The first
	// seals and all open, so that a key can be replaced. Empty: the file at Path.
	Identity string
	// Path is a file of such identities, as age-keygen writes it. The first Seal makes it where it isn't.
	Path string
}

// keys are the identities of a key, of which the first seals.
type keys struct {
	identities []age.Identity
	recipient  age.Recipient
	// from says where they come from, for errors.
	from string
}

// parseKeys reads identities. Errors don't show the text: it is a secret.
func parseKeys(text, from string) (*keys, error) {
	found, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s holds no age identity: a line that begins with AGE-SECRET-KEY-1, as age-keygen writes it", from)
	}
	k := &keys{identities: found, from: from}
	switch first := found[0].(type) {
	case *age.X25519Identity:
		k.recipient = first.Recipient()
	case *age.HybridIdentity:
		k.recipient = first.Recipient()
	default:
		return nil, fmt.Errorf("%s begins with an age identity of a kind (%T) that nothing can be sealed with", from, first)
	}
	return k, nil
}

// readKeys reads the key file. It must be its owner's alone.
func readKeys(path string) (*keys, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s doesn't exist, and RUNBOOK_KEY is not set", ErrNoKey, path)
	case err != nil:
		return nil, fmt.Errorf("read the key: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the key %s is not a file", path)
	}
	// Windows has no such modes: the folder of the user protects the file there.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("the key %s can be used by others (its mode is %04o): make it yours alone with chmod 600 %s, "+
			"or delete it for a new one where others may have read it", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return parseKeys(string(text), "the key file "+path)
}

// makeKeys makes the key file, unless another process did so meanwhile: its key then counts.
func makeKeys(path string) (*keys, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: RUNBOOK_KEY is not set, and no file is named for a new one", ErrNoKey)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the key: %w", err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# runbook: seals the sensitive results of runs. Without it, those of past runs can't be read.\n"+
		"# public key: %s\n%s\n", identity.Recipient(), identity)
	if err := publish(path, text.Bytes()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the key %s: %w", path, err)
	}
	return readKeys(path)
}

// publish makes a file appear with all of its content, or fails with fs.ErrExist: a link is made only where no file is,
// and nobody sees a half of it. The content is on disk before, for what it sealed is worth nothing without it.
func publish(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}
