package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
		return nil, whyNoKey(text, from)
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

const (
	identityPrefix = "AGE-SECRET-KEY-1"
	// identityLength is how many characters such an identity has, which is 32 bytes in Bech32.
	identityLength = 74
)

// whyNoKey says what is wrong with a text that holds no identities.
func whyNoKey(text, from string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, identityPrefix) {
			continue
		}
		if _, err := age.ParseX25519Identity(line); err == nil {
			continue
		}
		seen := fmt.Sprintf("it has %d characters of %d, so it was cut off or something was added", len(line), identityLength)
		if len(line) == identityLength {
			seen = "it was mistyped, as its check sum is wrong"
		}
		return fmt.Errorf("%s: line %d begins as an age identity does (%s), but is none: %s; copy it again as age-keygen wrote it",
			from, number, identityPrefix, seen)
	}
	return fmt.Errorf("%s holds no age identity: a line that begins with %s, as age-keygen writes it", from, identityPrefix)
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
	if err := os.Link(file.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
