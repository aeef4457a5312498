package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/e82355ed/runbook/engine/provider"
)

// fileNote is kept before a file is changed: what was there, and what shall be. It is sealed.
type fileNote struct {
	Path   string      `json:"path"`
	Append bool        `json:"append,omitempty"`
	Before *fileDigest `json:"before"` // nil: there was no file
	After  *fileDigest `json:"after"`  // nil: it is to be removed
	// Content is what stood in it, where a result keeps that.
	Content *string `json:"content,omitempty"`
	// Stamp tells whether it was changed since, though it may be as it was: of the folder, where there was no file. Nil: nothing tells.
	Stamp *fileStamp `json:"stamp,omitempty"`
}

// fileStamp is what no change leaves as it was, and nobody can set: the time of the last change of a file or a folder, on its inode.
type fileStamp struct {
	Inode     uint64 `json:"inode"`
	ChangedNS int64  `json:"changed_ns"`
}

type fileDigest struct {
	SizeBytes int64  `json:"size_bytes"`
	Mode      string `json:"mode"`
	SHA256    string `json:"sha256"`
}

func (s *fileState) digested() *fileDigest {
	if !s.exists {
		return nil
	}
	return &fileDigest{s.size, octal(s.mode), s.sum()}
}

func (w *writing) note() fileNote {
	after := fileDigest(w.after)
	return fileNote{Path: w.path, Append: w.append, Before: w.old.digested(), After: &after, Content: w.old.before().Content, Stamp: w.old.stamp}
}

func sameFile(a, b *fileDigest) bool { return a == b || a != nil && b != nil && *a == *b }

// became compares a file with what was noted before it was to be changed.
func (n *fileNote) became() (provider.State, string, error) {
	now, err := look(n.Path)
	if err != nil {
		return provider.Unknown, "", fileError("look at a file", n.Path, err)
	}
	switch is := now.digested(); {
	case sameFile(is, n.After):
		return provider.Done, n.Path + " is as it was to become.", nil
	case sameFile(is, n.Before) && n.Stamp != nil && now.stamp != nil && *n.Stamp == *now.stamp:
		return provider.NotDone, n.Path + " is as it was before, and nothing was written there since.", nil
	case sameFile(is, n.Before):
		return provider.Unknown, n.Path + " is as it was before, but something may have been written there in between: whether this write took place and was taken back can't be told.", nil
	case is == nil:
		return provider.Unknown, n.Path + " is not there any more.", nil
	}
	return provider.Unknown, n.Path + " is neither as it was before nor as it was to become: somebody else has changed it.", nil
}

// inquireWrite compares the file with the note; content that others have added after ours counts as theirs.
func inquireWrite(_ context.Context, in *provider.In[*client, writeArgs], sent provider.Sent) (*provider.Finding[writeResult], error) {
	note, finding, err := noted[writeResult](sent)
	if note == nil || err != nil {
		return finding, err
	}
	state, why, err := note.became()
	if err != nil {
		return nil, err
	}
	if state == provider.Unknown && note.Append && note.Before != nil {
		there, err := follows(note.Path, note.Before, []byte(in.Args.Content))
		if err != nil {
			return nil, fileError("look at a file", note.Path, err)
		}
		if there {
			state, why = provider.Done, "What was to be added stands in "+note.Path+", and more after it."
		}
	}
	found := &provider.Finding[writeResult]{State: state, Why: why}
	if state == provider.Done && note.After != nil {
		found.Result = &writeResult{
			Path: note.Path, SizeBytes: note.After.SizeBytes, Before: note.old(), After: fileAfter(*note.After),
			Changed: !sameFile(note.Before, note.After),
		}
	}
	return found, nil
}

// noted reads the note; where there is none, the finding says what that means.
func noted[R any](sent provider.Sent) (*fileNote, *provider.Finding[R], error) {
	if sent.Note == nil {
		if sent.Key == "" { // written by something that kept no notes
			return nil, &provider.Finding[R]{Why: "Nothing was noted of the file."}, nil
		}
		return nil, &provider.Finding[R]{State: provider.NotDone, Why: "The file was not touched: that is noted first, and was not."}, nil
	}
	note := &fileNote{}
	if err := json.Unmarshal(sent.Note, note); err != nil {
		return nil, nil, fmt.Errorf("the note of the file: %w", err)
	}
	return note, nil, nil
}

// old is the file as it was before, as a result tells it.
func (n *fileNote) old() fileBefore {
	d := n.Before
	if d == nil {
		return fileBefore{}
	}
	return fileBefore{Exists: true, SizeBytes: d.SizeBytes, Mode: &d.Mode, SHA256: &d.SHA256, Content: n.Content}
}

// carry puts what an attempt before saw into the note of this one, and gives it: that attempt may have written the file.
func (n *fileNote) carry(earlier *provider.Sent, now fileBefore) (fileBefore, error) {
	if earlier == nil {
		return now, nil
	}
	was, _, err := noted[struct{}](*earlier)
	if err != nil || was == nil || was.Path != n.Path {
		return now, err
	}
	n.Before, n.Content, n.Stamp = was.Before, was.Content, was.Stamp
	return n.old(), nil
}

// follows reports whether a file begins as it was, and goes on with the content.
func follows(path string, before *fileDigest, content []byte) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // it is only read
	sum, err := digest(io.LimitReader(f, before.SizeBytes))
	if err != nil || sum != before.SHA256 {
		return false, err
	}
	next := make([]byte, len(content))
	if _, err := io.ReadFull(f, next); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		return false, err
	}
	return bytes.Equal(next, content), nil
}
