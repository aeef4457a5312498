package lab

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is what has to stay the same from one Up to the next.
type state struct {
	path string
	// Ports are the loopback ports by name, see portOwners.
	Ports map[string]int `json:"ports"`
	// Secrets are the passwords and tokens by name, see secretNames.
	Secrets map[string]string `json:"secrets"`
	// SharedDir holds what another user has to reach; the work tree may be closed to that user.
	SharedDir string `json:"shared_dir"`
}

// secretNames lists the passwords and tokens that every lab makes for itself.
var secretNames = []string{
	"postgres-superuser", "postgres-runbook", "redis", "redis-limited", "api-token", "api-password",
	"kubernetes-admin", "kubernetes-viewer",
}

// loadState reads the state, which is empty before the first Up.
func loadState(path string) (*state, error) {
	s := &state{path: path, Ports: map[string]int{}, Secrets: map[string]string{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the lab's state: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read the lab's state in %s: %w", path, err)
	}
	return s, nil
}

func (s *state) save() error { return writeJSON(s.path, s) }

// settle fills in what is missing, except for the ports.
func (s *state) settle(root string) {
	for _, name := range secretNames {
		if s.Secrets[name] == "" {
			s.Secrets[name] = randomHex(12)
		}
	}
	if s.SharedDir == "" {
		s.SharedDir = filepath.Join(os.TempDir(), "runbook-lab-"+hex.EncodeToString(rootHash(root)[:4]))
	}
}

// rootHash keeps the labs of two work trees apart.
func rootHash(root string) []byte {
	sum := sha256.Sum256([]byte(root))
	return sum[:]
}

// randomHex returns n random bytes as hexadecimal digits, which need no quoting in URLs, shells and SQL.
func randomHex(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	return hex.EncodeToString(random)
}

// writeJSON replaces the file in one step; only the owner may read it.
func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(data, '\n'), 0o600)
}

// writeFile replaces the file in one step, so that a reader never sees half of it.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(temporary, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
