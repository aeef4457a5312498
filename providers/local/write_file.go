package local

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
)

type writeArgs struct {
	Path    string `rb:"path,required,filled,place,file" check:"file_to_write" doc:"File to write; missing folders on the way are made, and stay when the file is put back."`
	Content string `rb:"content,required" doc:"What to write."`
	Mode    string `rb:"mode" check:"file_mode" doc:"Permissions in octal; by default those that the file has, setuid and its like included, or 0644 for a new one."`
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
	SHA256    *string `rb:"sha256,echo" doc:"SHA-256 of its content; null when there was none."`
	Content   *string `rb:"content,sensitive" doc:"Its content, to put it back; null when there was none, or it is not text, or longer than 64 KiB."`
}

type fileAfter struct {
	SizeBytes int64  `rb:"size_bytes" doc:"Its size."`
	Mode      string `rb:"mode" doc:"Its permissions in octal."`
	SHA256    string `rb:"sha256,echo" doc:"SHA-256 of its content."`
}

func writeFile() provider.Action {
	return provider.Define(provider.Definition[*client, writeArgs, writeResult]{
		Name: "local_write_file", Doc: "Writes a file at once or not at all.",
		Effect: provider.Write, Instead: "local_files and local_search look at files",
		Run: runWrite, NotesFirst: true, Inquire: inquireWrite, Preview: previewWrite,
		ChangedNothing: func(r *writeResult) bool { return !r.Changed },
		Summarize: func(r *writeResult) string {
			if !r.Changed {
				return "unchanged, " + size(r.SizeBytes)
			}
			return "wrote " + r.Path + ", " + size(r.SizeBytes)
		},
	})
}

const opWrite = "write a file"

// writing is a write that was thought through: what is there, and what shall be.
type writing struct {
	path    string
	old     *fileState
	content []byte
	mode    os.FileMode
	append  bool
	after   fileAfter
}

// planWrite looks at the file and changes nothing.
func planWrite(in *provider.In[*client, writeArgs]) (*writing, error) {
	w := &writing{content: []byte(in.Args.Content)}
	var err error
	if w.path, w.old, err = in.Client.find(opWrite, absolute(in.Dir, in.Args.Path)); err != nil {
		return nil, err
	}
	w.mode = w.old.mode
	if in.Args.Mode != "" {
		if w.mode, err = parseMode(in.Args.Mode); err != nil {
			return nil, &provider.Error{Op: opWrite, Endpoint: w.path, Err: fmt.Errorf("mode: %w", err), NothingDone: true, Permanent: true}
		}
	}
	w.after = fileAfter{SizeBytes: int64(len(w.content)), Mode: octal(w.mode), SHA256: hexadecimal(sha256.Sum256(w.content))}
	if in.Args.Append && w.old.exists {
		w.append = true
		w.after.SizeBytes, w.after.SHA256 = w.old.size+int64(len(w.content)), w.old.sumWith(w.content)
	}
	return w, nil
}

func (w *writing) result() *writeResult {
	return &writeResult{
		Path: w.path, SizeBytes: w.after.SizeBytes, Before: w.old.before(), After: w.after,
		Changed: !w.old.exists || w.old.mode != w.mode || w.old.sum() != w.after.SHA256,
	}
}

func runWrite(ctx context.Context, in *provider.In[*client, writeArgs]) (*writeResult, error) {
	if in.ReadOnly || in.Client.readOnly {
		return nil, &provider.Error{Op: opWrite, Endpoint: absolute(in.Dir, in.Args.Path), Err: provider.ErrReadOnly, NothingDone: true, Permanent: true}
	}
	w, err := planWrite(in)
	if err != nil {
		return nil, err
	}
	r, note := w.result(), w.note()
	if r.Changed && in.Earlier == nil { // an attempt before may have written it already
		if err := w.old.lost(opWrite, w.path, in.CountedOn("before")); err != nil {
			return nil, err
		}
	}
	if r.Before, err = note.carry(in.Earlier, r.Before); err == nil {
		err = in.NoteSealed(note)
	}
	if err != nil {
		return nil, fileError(opWrite, w.path, fmt.Errorf("not written: %w", err))
	}
	if !r.Changed {
		return r, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fileError(opWrite, w.path, err)
	}
	if why := w.old.unkept(); why != "" {
		in.Warn("before.content is null: the file was %s. local_restore_file can't put it back; keep a copy", why)
	}
	if w.append {
		err = add(w.path, w.content, w.mode)
	} else {
		err = replace(w.path, in.Key, w.old, w.content, w.mode, in.Warn)
	}
	if err != nil {
		return nil, writeError(opWrite, w.path, err)
	}
	return r, nil
}

// previewWrite tells what would change. The content is left out: it may be sensitive.
func previewWrite(_ context.Context, in *provider.In[*client, writeArgs]) ([]provider.Change, error) {
	w, err := planWrite(in)
	if err != nil {
		return nil, err
	}
	before := w.result().Before
	changes := []provider.Change{{Path: w.path + " size_bytes", After: fmt.Sprint(w.after.SizeBytes)}, {Path: w.path + " mode", After: w.after.Mode}}
	if before.Exists {
		changes[0].Before, changes[1].Before = fmt.Sprint(before.SizeBytes), *before.Mode
		if before.SizeBytes == w.after.SizeBytes && *before.SHA256 != w.after.SHA256 {
			changes[0] = provider.Change{Path: w.path + " sha256", Before: *before.SHA256, After: w.after.SHA256}
		}
	}
	return slices.DeleteFunc(changes, func(c provider.Change) bool { return c.Before == c.After }), nil
}
