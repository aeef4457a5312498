package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// keptBytes bounds the value of a key that is kept with a result.
const keptBytes = 64 << 10

// keyState is what a key holds.
type keyState struct {
	Key       string    `rb:"key" doc:"Name of the key."`
	Type      string    `rb:"type" doc:"string, hash, list, set, zset, stream; none where there is no such key."`
	TTLMS     *int64    `rb:"ttl_ms" doc:"How long it still lives; null: until it is deleted."`
	ExpiresAt *int64    `rb:"expires_at_ms" doc:"When it ends, in ms since 1970 by the server's clock, as SET … PXAT takes it; null: it lives until it is deleted."`
	Value     cty.Value `rb:"value" doc:"What it holds: a string, a list, an object of a hash; null where there is none, and for streams and modules' types."`
	Truncated bool      `rb:"truncated" doc:"Whether it holds more than 64 KiB, so that value is not all of it."`

	// text is the value of a string, digest tells values of any type apart.
	text   string
	digest string
	// inexact says why Value can't be given back as it is told; empty: it can.
	inexact string
	// untold says of a state in a note that an older version did not keep all of it: what it held, or when it was to end.
	untold bool
}

// notedKey is a state in a note, which is sealed. Of what holds too much only a digest is there.
type notedKey struct {
	Key       string              `json:"key"`
	Type      string              `json:"type"`
	TTLMS     *int64              `json:"ttl_ms,omitempty"`
	ExpiresAt *int64              `json:"expires_at_ms,omitempty"`
	Value     provider.NotedValue `json:"value"`
	Digest    string              `json:"digest"`
	Truncated bool                `json:"truncated"`
}

// MarshalJSON writes the state for a note.
func (s *keyState) MarshalJSON() ([]byte, error) {
	return json.Marshal(notedKey{s.Key, s.Type, s.TTLMS, s.ExpiresAt, provider.NotedValue{Value: s.Value}, s.digest, s.Truncated})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *keyState) UnmarshalJSON(text []byte) error {
	var in notedKey
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("read the state of a key: %w", err)
	}
	*s = keyState{Key: in.Key, Type: in.Type, TTLMS: in.TTLMS, ExpiresAt: in.ExpiresAt, Value: in.Value.Value, digest: in.Digest, Truncated: in.Truncated}
	s.untold = s.Type != "none" && (s.Value == cty.NilVal || s.TTLMS != nil && s.ExpiresAt == nil)
	if s.Value == cty.NilVal {
		s.Value = cty.NullVal(cty.DynamicPseudoType)
	}
	return nil
}

// same reports whether two states surely hold the same.
func (s *keyState) same(other *keyState) bool {
	return s.Key == other.Key && s.Type == other.Type && s.digest == other.digest && !s.Truncated && !other.Truncated
}

// unchanged reports whether two states are surely the same, to when the key ends.
func (s *keyState) unchanged(other *keyState) bool {
	ends := s.ExpiresAt == nil && other.ExpiresAt == nil || s.ExpiresAt != nil && other.ExpiresAt != nil && *s.ExpiresAt == *other.ExpiresAt
	return s.same(other) && ends
}

// keyOf is the one key that a command names, by the server's own account of it; empty where there is none or several. It waits where
// the command may wait for what others do, which it does not within a transaction.
func (c *client) keyOf(ctx context.Context, command []string) (key string, waits bool, err error) {
	value, _, err := c.do(ctx, "ask for the keys of "+strings.ToUpper(command[0]), "command", "info", command[0])
	if err != nil {
		return "", false, err
	}
	entry := list(asList(value), 0)
	const flags, first, last, step = 2, 3, 4, 5
	// Of a command whose keys move, as SORT with STORE, the positions tell not all.
	if len(entry) <= step || slices.Contains(list(entry, flags), any("movablekeys")) {
		return "", false, nil
	}
	// Servers before 7 say of a command that waits only that no script may have it.
	waits = slices.Contains(list(entry, flags), any("blocking")) || slices.Contains(list(entry, flags), any("noscript"))
	from, _ := entry[first].(int64) // another type is no position
	to, _ := entry[last].(int64)
	if to < 0 {
		to += int64(len(command))
	}
	if from < 1 || from != to || from >= int64(len(command)) {
		return "", waits, nil
	}
	return command[from], waits, nil
}

func asList(v any) []any {
	items, _ := v.([]any) // another type is no list
	return items
}

// readers are the commands that read a key of each type.
var readers = map[string]func(key string) []any{
	"string": func(key string) []any { return []any{"get", key} },
	"hash":   func(key string) []any { return []any{"hgetall", key} },
	"list":   func(key string) []any { return []any{"lrange", key, 0, -1} },
	"set":    func(key string) []any { return []any{"smembers", key} },
	"zset":   func(key string) []any { return []any{"zrange", key, 0, -1, "withscores"} },
}

// keyState reads a key. A value that takes more of the server's memory than keptBytes is not fetched.
func (c *client) keyState(ctx context.Context, key string) (*keyState, error) {
	return c.keyStateBy(ctx, c.do, key)
}

// asker is [client.do], perhaps over a connection of its own.
type asker func(ctx context.Context, op string, args ...any) (any, time.Duration, error)

// keyStateBy is keyState by what asks for it.
func (c *client) keyStateBy(ctx context.Context, ask asker, key string) (*keyState, error) {
	op := "read " + key
	kind, _, err := ask(ctx, op, "type", key)
	if err != nil {
		return nil, err
	}
	s := &keyState{Key: key, Type: fmt.Sprint(kind), Value: cty.NullVal(cty.DynamicPseudoType)}
	ttl, _, err := ask(ctx, op, "pttl", key)
	if err != nil {
		return nil, err
	}
	if n, ok := ttl.(int64); ok && n >= 0 {
		s.TTLMS = &n
		if s.ExpiresAt, err = c.expiresAt(ctx, ask, op, n); err != nil {
			return nil, err
		}
	}
	reader := readers[s.Type]
	if reader == nil {
		if s.Truncated = s.Type != "none"; s.Truncated {
			s.inexact = "it is a " + s.Type + ", whose content is not read"
		}
		return s, nil
	}
	size, _, err := ask(ctx, op, "memory", "usage", key)
	if err != nil {
		return nil, err
	}
	// Overhead and padding count too, so twice as much is let pass.
	if n, ok := size.(int64); ok && n > 2*keptBytes {
		s.Truncated, s.inexact = true, fmt.Sprintf("it holds more than the %d KiB that are kept", keptBytes>>10)
		return s, nil
	}
	value, _, err := ask(ctx, op, reader(key)...)
	if err != nil {
		return nil, err
	}
	if s.Type == "hash" {
		value = pairs(value)
	}
	s.text, _ = value.(string) // other types have no text
	sum := sha256.Sum256(fmt.Append(nil, value))
	s.digest = hex.EncodeToString(sum[:])
	s.Value = decoder{warn: func(string, ...any) {}}.value(value)
	s.inexact = inexact(value)
	return s, nil
}

// expiresAt is the end, by the server's clock, of a key that still lives so many milliseconds: PEXPIRETIME would tell it too, from Redis 7 on.
func (c *client) expiresAt(ctx context.Context, ask asker, op string, ttl int64) (*int64, error) {
	reply, _, err := ask(ctx, op, "time")
	if err != nil {
		return nil, err
	}
	clock := asList(reply)
	if len(clock) != 2 {
		return nil, c.fail(op, fmt.Errorf("TIME gave %d values, expected 2", len(clock)))
	}
	seconds, err := strconv.ParseInt(fmt.Sprint(clock[0]), 10, 64)
	micros, err2 := strconv.ParseInt(fmt.Sprint(clock[1]), 10, 64)
	if err = errors.Join(err, err2); err != nil {
		return nil, c.fail(op, fmt.Errorf("TIME gave no numbers: %w", err))
	}
	at := seconds*1000 + micros/1000 + ttl
	return &at, nil
}

// inexact says why an answer is not told as it is; empty: it is.
func inexact(value any) string {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "it holds bytes that are not UTF-8, which are told in base64"
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "it holds a score that is no finite number"
		}
	case []any:
		for _, item := range v {
			if why := inexact(item); why != "" {
				return why
			}
		}
	case map[any]any:
		for key, item := range v {
			if why := inexact([]any{key, item}); why != "" {
				return why
			}
		}
	}
	return ""
}
