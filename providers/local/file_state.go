package local

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/e82355ed/runbook/engine/provider"
)

const (
	defaultMode = 0o644
	// maxKept bounds the old content that the result keeps.
	maxKept = 64 << 10
)

// fileState is what a file is before it is written. Only the start of its content is held: logs are long.
type fileState struct {
	exists bool
	size   int64
	start  []byte // up to one byte more than maxKept
	digest hash.Hash
	mode   os.FileMode
	info   os.FileInfo
	stamp  *fileStamp
}

// look reads a file. One that is not there is a state too.
func look(path string) (*fileState, error) {
	s := &fileState{mode: defaultMode, digest: sha256.New()}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if folder, err := os.Stat(filepath.Dir(path)); err == nil {
			s.stamp = stampOf(folder)
		}
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, fmt.Errorf("it is not a regular file (%s)", info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	s.exists, s.mode, s.info, s.stamp = true, info.Mode()&kept, info, stampOf(info)
	content := io.TeeReader(f, s.digest)
	if s.start, err = io.ReadAll(io.LimitReader(content, maxKept+1)); err != nil {
		return nil, err
	}
	rest, err := io.Copy(io.Discard, content)
	s.size = int64(len(s.start)) + rest
	return s, err
}

func (s *fileState) sum() string { return fmt.Sprintf("%x", s.digest.Sum(nil)) }

// sumWith is the digest of the file with more at its end.
func (s *fileState) sumWith(more []byte) string {
	longer, err := s.digest.(hash.Cloner).Clone() // SHA-256 always can (see crypto/sha256.New)
	if err != nil {
		panic("local: copy a SHA-256: " + err.Error())
	}
	longer.Write(more)
	return fmt.Sprintf("%x", longer.Sum(nil))
}

func (s *fileState) before() fileBefore {
	if !s.exists {
		return fileBefore{}
	}
	mode, sum := octal(s.mode), s.sum()
	b := fileBefore{Exists: true, SizeBytes: s.size, Mode: &mode, SHA256: &sum}
	if s.unkept() == "" {
		text := string(s.start)
		b.Content = &text
	}
	return b
}

// unkept says why a result does not hold the content; empty: it does, or there is none.
func (s *fileState) unkept() string {
	switch {
	case len(s.start) > maxKept:
		return "longer than " + size(maxKept)
	case !utf8.Valid(s.start):
		return "no text"
	}
	return ""
}

// lost says that a change would take what an undo counts on, as the content can't be kept; nil: it would not.
func (s *fileState) lost(op, path string, counted bool) error {
	why := s.unkept()
	if why == "" || !counted {
		return nil
	}
	return &provider.Error{
		Op: op, Endpoint: path, Err: fmt.Errorf("the step's undo counts on self.before, and what the file holds can't be kept: it is %s", why), NothingDone: true, Permanent: true,
		Hint: "Nothing was written. Have the undo put a copy back: copy the file in a step before (local_command with cp), and copy it back in the undo, without self.before.",
	}
}

// digest is the SHA-256 of all that can be read.
func digest(from io.Reader) (string, error) {
	sum := sha256.New()
	_, err := io.Copy(sum, from)
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// octal is a mode as chmod has it, see [parseMode].
func octal(mode os.FileMode) string {
	n := uint32(mode.Perm())
	for _, s := range special {
		if mode&s.is != 0 {
			n |= s.bit
		}
	}
	return fmt.Sprintf("%04o", n)
}

// kept is what a file that is replaced hands on.
const kept = os.ModePerm | os.ModeSetuid | os.ModeSetgid | os.ModeSticky

// special are the bits beside the permissions, which Go has elsewhere than chmod.
var special = []struct {
	is  os.FileMode
	bit uint32
}{{os.ModeSetuid, 0o4000}, {os.ModeSetgid, 0o2000}, {os.ModeSticky, 0o1000}}

func hexadecimal(sum [sha256.Size]byte) string { return fmt.Sprintf("%x", sum) }
