package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/e82355ed/runbook/engine/journal"
)

// Complete gives the id that a prefix stands for, of the first two in order that begin with it.
func Complete(prefix string, ids []string) (string, error) {
	switch {
	case len(ids) == 0 || prefix == "":
		return "", fmt.Errorf("%w: %q", journal.ErrNotFound, prefix)
	case len(ids) > 1 && ids[0] != prefix:
		return "", fmt.Errorf("%q is the beginning of more than one run; write more of its id", prefix)
	}
	return ids[0], nil
}

// Missing says that a file is not there any more that a run's events name by its hash.
func Missing(runID, hash string) error {
	return fmt.Errorf("run %s: %w: the file %s of its runbook is missing", runID, journal.ErrDamaged, hash)
}

// Intact gives the content of a run's file, if it is what its hash says.
func Intact(runID, hash string, content []byte) ([]byte, error) {
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("file %s of run %s: %w: its content has changed", hash, runID, journal.ErrDamaged)
	}
	return content, nil
}
