package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// regular finds the regular files that a pattern names, in no order, and what could not be read. The folder that the
// pattern begins with must exist: a missing one would pass for an empty one.
func regular(ctx context.Context, op, dir, pattern string, found func(path string, info fs.FileInfo) error) (unreadable []string, err error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, &provider.Error{Op: op, Endpoint: pattern, Permanent: true, NothingDone: true,
			Err: errors.New("not a pattern; write one like \"/backups/**/*.dump\"")}
	}
	base, rest := doublestar.SplitPattern(absolute(dir, filepath.ToSlash(pattern)))
	if info, err := os.Stat(base); err != nil {
		return nil, fileError(op, base, err)
	} else if !info.IsDir() {
		return nil, fileError(op, base, errors.New("not a folder"))
	}
	walked := &watched{FS: os.DirFS(base), ctx: ctx, base: base}
	options := []doublestar.GlobOption{doublestar.WithFilesOnly()}
	if strings.Contains(rest, "**") {
		// As in bash: ** does not go through links, which may lead round in a circle.
		options = append(options, doublestar.WithNoFollow())
	}
	err = doublestar.GlobWalk(walked, rest, func(name string, _ fs.DirEntry) error {
		path := filepath.Join(base, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone since the folder was read, or a link to nowhere
		case err != nil:
			walked.note(name, err)
			return nil
		case !info.Mode().IsRegular():
			return nil
		}
		return found(path, info)
	}, options...)
	if ctx.Err() != nil {
		return nil, fileError(op, base, neterr.Explain(ctx, ctx.Err(), "walking the folders"))
	}
	if err != nil {
		return nil, fileError(op, base, err)
	}
	return walked.unreadable, nil
}

// walkError is the error of a walk, one that was left behind included.
func walkError(ctx context.Context, op, pattern string, err error) error {
	if _, ok := errors.AsType[*provider.Error](err); ok {
		return err
	}
	return fileError(op, pattern, neterr.Explain(ctx, err, "reading folders and files"))
}

// watched is a file system that ends with its context and remembers which folders could not be read; the walk itself
// passes over them in silence.
type watched struct {
	fs.FS
	ctx        context.Context // of one walk, which a file system's methods have no parameter for
	base       string
	unreadable []string
}

// ReadDir reads a folder.
func (w *watched) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(w.FS, name)
	if err != nil {
		w.note(name, err)
	}
	return entries, err
}

// Stat looks at a file without opening it: to open a pipe waits for its other end, and a device may do anything then.
func (w *watched) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

func (w *watched) note(name string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		w.unreadable = append(w.unreadable, fileError("read", filepath.Join(w.base, name), err).Error())
	}
}

// maxUnreadable bounds the warnings about one walk.
const maxUnreadable = 10

func warnUnreadable(warn func(string, ...any), unreadable []string) {
	for i, text := range unreadable {
		if i == maxUnreadable {
			warn("… and %d more that can't be read", len(unreadable)-i)
			return
		}
		warn("%s", text)
	}
}
