package local

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

type filesArgs struct {
	Pattern string `rb:"pattern,required" check:"glob" doc:"Which files; ** stands for folders of any depth."`
	Limit   int    `rb:"limit" default:"1000" doc:"At most so many files are returned."`
}

type filesResult struct {
	Files            []file   `rb:"files" doc:"Regular files, newest first."`
	Count            int      `rb:"count" doc:"How many files are returned."`
	NewestAgeSeconds *float64 `rb:"newest_age_seconds" doc:"Age of the newest file; null when there is none."`
	TotalBytes       int64    `rb:"total_bytes" doc:"Size of all files, those beyond limit included."`
	Truncated        bool     `rb:"truncated" doc:"Whether there are more than limit."`
}

type file struct {
	Path       string    `rb:"path" doc:"Path in full."`
	SizeBytes  int64     `rb:"size_bytes" doc:"Size."`
	ModifiedAt time.Time `rb:"modified_at" doc:"When its content was written last."`
	AgeSeconds float64   `rb:"age_seconds" doc:"Time since then."`
}

func files() provider.Action {
	return provider.Define(provider.Definition[*client, filesArgs, filesResult]{
		Name: "local_files", Doc: "Lists files by pattern, newest first.",
		Run: runFiles,
		Summarize: func(r *filesResult) string {
			if r.NewestAgeSeconds == nil {
				return "no files"
			}
			age := provider.Told(time.Duration(*r.NewestAgeSeconds * float64(time.Second)))
			if age >= time.Second {
				age = age.Round(time.Second)
			}
			text := counted(r.Count, "file", "files")
			if r.Truncated {
				text = "the newest " + text
			}
			return fmt.Sprintf("%s, the newest %s old, %s", text, age, size(r.TotalBytes))
		},
	})
}

func runFiles(ctx context.Context, in *provider.In[*client, filesArgs]) (*filesResult, error) {
	type found struct {
		result     *filesResult
		unreadable []string
	}
	all, err := patiently(ctx, func() (found, error) {
		r := &filesResult{}
		unreadable, err := r.find(ctx, in.Dir, in.Args.Pattern)
		return found{r, unreadable}, err
	})
	if err != nil {
		return nil, walkError(ctx, "list files", in.Args.Pattern, err)
	}
	warnUnreadable(in.Warn, all.unreadable)
	all.result.finish(max(in.Args.Limit, 1))
	return all.result, nil
}

// find takes in all files of a pattern, in no order.
func (r *filesResult) find(ctx context.Context, dir, pattern string) (unreadable []string, err error) {
	now := time.Now()
	return regular(ctx, "list files", dir, pattern, func(path string, info fs.FileInfo) error {
		r.TotalBytes += info.Size()
		r.Files = append(r.Files, file{
			Path: path, SizeBytes: info.Size(), ModifiedAt: info.ModTime(), AgeSeconds: seconds(now.Sub(info.ModTime())),
		})
		return nil
	})
}

// finish sorts and bounds the files.
func (r *filesResult) finish(limit int) {
	slices.SortFunc(r.Files, func(a, b file) int {
		return cmp.Or(b.ModifiedAt.Compare(a.ModifiedAt), cmp.Compare(a.Path, b.Path))
	})
	if len(r.Files) > 0 {
		r.NewestAgeSeconds = &r.Files[0].AgeSeconds
	}
	if len(r.Files) > limit {
		r.Files, r.Truncated = r.Files[:limit], true
	}
	r.Count = len(r.Files)
}

// seconds is a duration with milliseconds.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
