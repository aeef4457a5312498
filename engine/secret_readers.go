package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// SecretReader reads a secret of one kind (see [lang.SecretKinds]), for secret("KIND:NAME"). It is called by apply alone,
// and once a run for each name. Its errors say which system was asked, and hold no secret.
type SecretReader func(ctx context.Context, host provider.Host, name string) (string, error)

// secretTimeout bounds one reading of a secret.
const secretTimeout = 15 * time.Second

// secretReaders read the secrets of a plan, each once: what was read before the first step is what all steps see. Safe for
// concurrent use.
type secretReaders struct {
	byKind map[string]SecretReader
	host   provider.Host
	// given are all that the plan and the run read, of whatever kind.
	given local.ReadSecrets

	mu    sync.Mutex
	known map[string]*knownSecret
}

type knownSecret struct {
	mu    sync.Mutex
	read  bool
	value string
}

func newSecretReaders(byKind map[string]SecretReader, host provider.Host) *secretReaders {
	return &secretReaders{byKind: byKind, host: host, known: map[string]*knownSecret{}}
}

// functions are the readers as the language takes them; ctx bounds them.
func (s *secretReaders) functions(ctx context.Context) map[string]func(string) (string, error) {
	out := make(map[string]func(string) (string, error), len(s.byKind))
	for kind, reader := range s.byKind {
		out[kind] = func(name string) (string, error) { return s.read(ctx, kind, name, reader) }
	}
	return out
}

// read asks the system the first time. A failure is not kept.
func (s *secretReaders) read(ctx context.Context, kind, name string, reader SecretReader) (string, error) {
	s.mu.Lock()
	known := s.known[kind+":"+name]
	if known == nil {
		known = &knownSecret{}
		s.known[kind+":"+name] = known
	}
	s.mu.Unlock()
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.read {
		return known.value, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, secretTimeout, fmt.Errorf("no answer within %s", secretTimeout))
	defer cancel()
	value, err := reader(ctx, s.host, name)
	if err != nil {
		return "", err
	}
	known.read, known.value = true, value
	return value, nil
}
