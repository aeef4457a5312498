package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/e82355ed/runbook/engine/provider"
)

type restoreArgs struct {
	Path   string     `rb:"path,required,filled,place,file" doc:"File to put back, such as self.path."`
	Before fileBefore `rb:"before,required" doc:"How it was, such as self.before of local_write_file; one that did not exist is removed."`
	After  *fileAfter `rb:"after" doc:"How it was left, such as self.after; a file that is not so any more is somebody else's work by now and is not touched."`
}

type restoreResult struct {
	Path    string     `rb:"path" doc:"Path in full."`
	Changed bool       `rb:"changed" doc:"Whether anything had to be done."`
	Before  fileBefore `rb:"before" doc:"The file as it was found."`
	After   *fileAfter `rb:"after" doc:"The file as it is now; null when it was removed."`
}

func restoreFile() provider.Action {
	return provider.Define(provider.Definition[*client, restoreArgs, restoreResult]{
		Name: "local_restore_file", Doc: "Puts a file back as it was, as the undo of local_write_file.",
		Effect: provider.Write, Instead: "local_files and local_search look at files",
		Run: runRestore, NotesFirst: true, Inquire: inquireRestore,
		ChangedNothing: func(r *restoreResult) bool { return !r.Changed },
		Summarize: func(r *restoreResult) string {
			switch {
			case !r.Changed:
				return r.Path + " is as it was"
			case r.After == nil:
				return "removed " + r.Path
			}
			return "put back " + r.Path + ", " + size(r.After.SizeBytes)
		},
	})
}

const opRestore = "put a file back"

func runRestore(ctx context.Context, in *provider.In[*client, restoreArgs]) (*restoreResult, error) {
	if in.ReadOnly || in.Client.readOnly {
		return nil, &provider.Error{Op: opRestore, Endpoint: absolute(in.Dir, in.Args.Path), Err: provider.ErrReadOnly, NothingDone: true, Permanent: true}
	}
	path, now, err := in.Client.find(opRestore, absolute(in.Dir, in.Args.Path))
	if err != nil {
		return nil, err
	}
	wanted, err := in.Args.Before.digested()
	r := &restoreResult{Path: path, Before: now.before(), Changed: !sameFile(now.digested(), wanted)}
	if wanted != nil {
		after := fileAfter(*wanted)
		r.After = &after
	}
	if err == nil && r.Changed {
		err = in.Args.possible(now)
	}
	if err != nil {
		return nil, &provider.Error{Op: opRestore, Endpoint: path, Err: err, NothingDone: true, Permanent: true}
	}
	if r.Changed && in.Earlier == nil {
		if err := now.lost(opRestore, path, in.CountedOn("before")); err != nil {
			return nil, err
		}
	}
	note := fileNote{Path: path, Before: now.digested(), After: wanted, Content: r.Before.Content, Stamp: now.stamp}
	if r.Before, err = note.carry(in.Earlier, r.Before); err == nil {
		err = in.NoteSealed(note)
	}
	if err != nil {
		return nil, fileError(opRestore, path, fmt.Errorf("not written: %w", err))
	}
	if err := ctx.Err(); err != nil {
		return nil, fileError(opRestore, path, err)
	}
	switch {
	case !r.Changed:
	case wanted == nil:
		err = remove(path)
	default:
		mode, badMode := parseMode(wanted.Mode)
		if err = badMode; err == nil {
			err = replace(path, in.Key, now, []byte(*in.Args.Before.Content), mode, in.Warn)
		}
	}
	if err != nil {
		return nil, writeError(opRestore, path, err)
	}
	return r, nil
}

// digested is nil for a file that was not there.
func (b *fileBefore) digested() (*fileDigest, error) {
	switch {
	case !b.Exists:
		return nil, nil
	case b.Mode == nil || b.SHA256 == nil:
		return nil, errors.New("before has no mode or no sha256; take it from the result of local_write_file")
	}
	return &fileDigest{b.SizeBytes, *b.Mode, *b.SHA256}, nil
}

// possible says why a file can't be put back.
func (a *restoreArgs) possible(now *fileState) error {
	if is := now.digested(); a.After != nil && !sameFile(is, (*fileDigest)(a.After)) {
		return errors.New("it is not as the step left it: somebody else has changed it since; what stood there before is kept with the run and shown nowhere. " +
			"To have it back: copy the file as it is now to another place, write into it again what the step wrote, with the same mode, and undo again; " +
			"then bring in from the copy what others changed")
	}
	if a.Before.Exists && a.Before.Content == nil {
		return fmt.Errorf("its old content was not kept (it is longer than %s, no text, or the key is lost with which it was kept over a crash); put it back from a copy", size(maxKept))
	}
	return nil
}

func inquireRestore(_ context.Context, _ *provider.In[*client, restoreArgs], sent provider.Sent) (*provider.Finding[restoreResult], error) {
	note, finding, err := noted[restoreResult](sent)
	if note == nil || err != nil {
		return finding, err
	}
	state, why, err := note.became()
	if err != nil {
		return nil, err
	}
	found := &provider.Finding[restoreResult]{State: state, Why: why}
	if state == provider.Done {
		found.Result = &restoreResult{
			Path: note.Path, Changed: !sameFile(note.Before, note.After), Before: note.old(), After: (*fileAfter)(note.After),
		}
	}
	return found, nil
}
