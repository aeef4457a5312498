package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"filippo.io/age"
)

var (
	// ErrOtherKey says that something was sealed with another key.
	ErrOtherKey = errors.New("it was sealed with another key")
	// ErrDamaged says that something isn't what Seal gave: it was changed or cut off.
	ErrDamaged = errors.New("what was sealed is damaged")
)

// Sealer encrypts and decrypts with one key. It is safe for concurrent use.
//
// A message is
//
//	"rbs1", length of the next (2 bytes, big endian), a data key that age encrypted, nonce and AES-256-GCM of the text
//
// The data key is made once a Sealer: age's own exchange of keys would cost each message 0.2 ms (docs/adr/0008). As every message
// carries it, each can be opened by itself.
type Sealer struct {
	options KeyOptions
	given   *keys // those of options.Identity

	mu     sync.Mutex
	file   *keys               // those of the file, once read
	own    *dataKey            // what seals
	opened map[string]*dataKey // by its encrypted form
}

// dataKey is a symmetric key, and how age encrypted it.
type dataKey struct {
	aead    cipher.AEAD
	wrapped []byte
}

const (
	magic     = "rbs1"
	prefix    = len(magic) + 2
	keyLength = 32
)

// Open prepares a Sealer. It reads no file; an Identity that is none is an error.
func Open(options KeyOptions) (*Sealer, error) {
	s := &Sealer{options: options, opened: map[string]*dataKey{}}
	if options.Identity == "" {
		return s, nil
	}
	given, err := parseKeys(options.Identity, "RUNBOOK_KEY")
	s.given = given
	return s, err
}

// Check tells whether the key can be used. It makes none: that there is no file yet is no error.
func (s *Sealer) Check() error {
	if s.given != nil || s.options.Path == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.keys(false)
	if errors.Is(err, ErrNoKey) {
		return nil
	}
	return err
}

// Seal encrypts a text. The first one makes the key file where there is none.
func (s *Sealer) Seal(text []byte) ([]byte, error) {
	key, err := s.sealing()
	if err != nil {
		return nil, fmt.Errorf("encrypt a sensitive result: %w", err)
	}
	out := make([]byte, 0, prefix+len(key.wrapped)+key.aead.Overhead()+len(text))
	out = append(out, magic...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(key.wrapped)))
	out = append(out, key.wrapped...)
	// What stands before the text is authenticated with it.
	return key.aead.Seal(out, nil, text, out), nil
}

// Open decrypts what Seal gave: ErrNoKey, ErrOtherKey or ErrDamaged where it can't. It makes no key file.
func (s *Sealer) Open(sealed []byte) ([]byte, error) {
	wrapped, rest, err := split(sealed)
	if err != nil {
		return nil, fmt.Errorf("decrypt a sensitive result: %w", err)
	}
	key, err := s.opening(wrapped)
	if err != nil {
		return nil, fmt.Errorf("decrypt a sensitive result: %w", err)
	}
	text, err := key.aead.Open(nil, nil, rest, sealed[:len(sealed)-len(rest)])
	if err != nil {
		return nil, fmt.Errorf("decrypt a sensitive result: %w", ErrDamaged)
	}
	return text, nil
}

// split takes a message apart.
func split(sealed []byte) (wrapped, rest []byte, err error) {
	if len(sealed) < prefix || string(sealed[:len(magic)]) != magic {
		return nil, nil, ErrDamaged
	}
	end := prefix + int(binary.BigEndian.Uint16(sealed[len(magic):]))
	if len(sealed) < end {
		return nil, nil, ErrDamaged
	}
	return sealed[prefix:end], sealed[end:], nil
}

// sealing is the data key of this Sealer, made the first time.
func (s *Sealer) sealing() (*dataKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own != nil {
		return s.own, nil
	}
	k, err := s.keys(true)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, keyLength)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	wrapped, err := wrap(secret, k.recipient)
	if err != nil {
		return nil, fmt.Errorf("with %s: %w", k.from, err)
	}
	s.own, err = newDataKey(secret, wrapped)
	if err == nil {
		s.opened[string(wrapped)] = s.own
	}
	return s.own, err
}

// opening is the data key that was encrypted so. Each is decrypted once.
func (s *Sealer) opening(wrapped []byte) (*dataKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := s.opened[string(wrapped)]; key != nil {
		return key, nil
	}
	k, err := s.keys(false)
	if err != nil {
		return nil, err
	}
	secret, err := unwrap(wrapped, k)
	if err != nil {
		return nil, err
	}
	key, err := newDataKey(secret, bytes.Clone(wrapped))
	if err == nil {
		s.opened[string(wrapped)] = key
	}
	return key, err
}

// keys are those given, else those of the file, which is made if asked.
func (s *Sealer) keys(create bool) (*keys, error) {
	if s.given != nil {
		return s.given, nil
	}
	if s.file != nil {
		return s.file, nil
	}
	k, err := readKeys(s.options.Path)
	if create && errors.Is(err, ErrNoKey) {
		k, err = makeKeys(s.options.Path)
	}
	if err != nil {
		return nil, err
	}
	s.file = k
	return k, nil
}

func newDataKey(secret, wrapped []byte) (*dataKey, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	// Random nonces are safe for 2^32 messages of one key (NIST SP 800-38D, 8.3), which no session comes near.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &dataKey{aead: aead, wrapped: wrapped}, err
}

func wrap(secret []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(secret); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

func unwrap(wrapped []byte, k *keys) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(wrapped), k.identities...)
	var other *age.NoIdentityMatchError
	switch {
	case errors.As(err, &other):
		return nil, fmt.Errorf("%w, not with %s", ErrOtherKey, k.from)
	case err != nil:
		return nil, ErrDamaged
	}
	secret, err := io.ReadAll(r)
	if err != nil || len(secret) != keyLength {
		return nil, ErrDamaged
	}
	return secret, nil
}
