package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/e82355ed/runbook/engine/provider"
)

type writeArgs struct {
	Path    string `rb:"path,required" doc:"File to write; missing folders on the way are made."`
	Content string `rb:"content,required" doc:"What to write."`
	Mode    string `rb:"mode" check:"file_mode" doc:"Permissions in octal; by default those that the file has, or 0644 for a new one."`
	Append  bool   `rb:"append" doc:"Add to the end of the file in place of replacing it."`
}

type writeResult struct {
	Path      string     `rb:"path" doc:"Path in full."`
	SizeBytes int64      `rb:"size_bytes" doc:"Size of the file now."`
	Changed   bool       `rb:"changed" doc:"Whether content or permissions differ from what was there."`
	Before    fileBefore `rb:"before" doc:"The file as it was."`
	After     fileAfter  `rb:"after" doc:"The file as it is now."`
}

type fileBefore struct {
	Exists    bool    `rb:"exists" doc:"Whether there was a file."`
	SizeBytes int64   `rb:"size_bytes" doc:"Its size."`
	Mode      *string `rb:"mode" doc:"Its permissions in octal; null when there was none."`
	SHA256    *string `rb:"sha256" doc:"SHA-256 of its content; null when there was none."`
	Content   *string `rb:"content,sensitive" doc:"Its content, to put it back; null when there was none, or it is not text, or longer than 64 KiB."`
}

type fileAfter struct {
	SizeBytes int64  `rb:"size_bytes" doc:"Its size."`
	Mode      string `rb:"mode" doc:"Its permissions in octal."`
	SHA256    string `rb:"sha256" doc:"SHA-256 of its content."`
}

func writeFile() provider.Action {
	return provider.Define(provider.Definition[*client, writeArgs, writeResult]{
		Name: "local_write_file", Doc: "Writes a file at once or not at all.",
		Effect: provider.Write,
		Run:    runWrite,
		Summarize: func(r *writeResult) string {
			if !r.Changed {
				return "unchanged, " + size(r.SizeBytes)
			}
			return "wrote " + r.Path + ", " + size(r.SizeBytes)
		},
	})
}

func runWrite(ctx context.Context, in *provider.In[*client, writeArgs]) (*writeResult, error) {
	const op = "write a file"
	path := absolute(in.Dir, in.Args.Path)
	if in.ReadOnly || in.Client.readOnly {
		return nil, &provider.Error{Op: op, Endpoint: path, Err: provider.ErrReadOnly, NothingDone: true, Permanent: true}
	}
	// A link stays one: what it points to is written.
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	old, err := look(path)
	if err != nil {
		return nil, fileError(op, path, err)
	}
	mode := old.mode
	if in.Args.Mode != "" {
		if mode, err = parseMode(in.Args.Mode); err != nil {
			return nil, &provider.Error{Op: op, Endpoint: path, Err: fmt.Errorf("mode: %w", err), NothingDone: true, Permanent: true}
		}
	}
	put, content := replace, []byte(in.Args.Content)
	after := fileAfter{SizeBytes: int64(len(content)), Mode: octal(mode), SHA256: hexadecimal(sha256.Sum256(content))}
	if in.Args.Append && old.exists {
		put = add
		after.SizeBytes, after.SHA256 = old.size+int64(len(content)), old.sumWith(content)
	}
	r := &writeResult{
		Path: path, SizeBytes: after.SizeBytes, Before: old.before(), After: after,
		Changed: !old.exists || old.mode != mode || old.sum() != after.SHA256,
	}
	if !r.Changed {
		return r, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fileError(op, path, err)
	}
	if err := put(path, old, content, mode); err != nil {
		failed := fileError(op, path, err)
		failed.NothingDone = !in.Args.Append
		return nil, failed
	}
	return r, nil
}

// replace puts a new file in the place of the old one: whoever reads sees the one or the other, and a full disk leaves
// the old one as it was.
func replace(path string, old *fileState, content []byte, mode os.FileMode) (err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close() // it may be closed already
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	if err := temporary.Chmod(mode); err != nil {
		return err
	}
	if err := keepOwner(temporary, old.info); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// add writes to the end of a file that others may be writing to as well.
func add(path string, _ *fileState, content []byte, mode os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Sync()
}
