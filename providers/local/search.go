package local

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
	"github.com/e82355ed/runbook/engine/provider/readable"
)

type searchArgs struct {
	Pattern string `rb:"pattern,required" check:"regex" doc:"What to look for in each line, RE2."`
	Files   string `rb:"files,required" check:"glob" doc:"In which files; ** stands for folders of any depth. Binary ones are passed over."`
	Exclude string `rb:"exclude" check:"regex" doc:"Lines that match this, RE2, are left out."`
	Limit   int    `rb:"limit" default:"1000" doc:"At most so many matches are returned."`
}

type searchResult struct {
	Matches   []match `rb:"matches" doc:"Matching lines, by path and line."`
	Count     int     `rb:"count" doc:"How many matches are returned."`
	FileCount int     `rb:"file_count" doc:"How many files were searched."`
	Truncated bool    `rb:"truncated" doc:"Whether there are more than limit."`
}

type match struct {
	Path string `rb:"path" doc:"Path in full."`
	Line int    `rb:"line" doc:"Number of the line, from 1."`
	Text string `rb:"text" doc:"The line, of which at most 1000 bytes are given."`
}

const (
	// maxLine bounds what is read of one line, maxText what is given of it.
	maxLine = 1 << 20
	maxText = 1000
	// binaryWindow is how far git and grep look for a zero byte.
	binaryWindow = 8000
)

func search() provider.Action {
	return provider.Define(provider.Definition[*client, searchArgs, searchResult]{
		Name: "local_search", Doc: "Searches the lines of files for a regular expression.",
		Run: runSearch,
		Summarize: func(r *searchResult) string {
			text := counted(r.Count, "match", "matches")
			if r.Truncated {
				text = "the first " + text
			}
			return text + " in " + counted(r.FileCount, "file", "files")
		},
	})
}

// searcher is one search under way.
type searcher struct {
	ctx     context.Context // of one search, which the walk's callback has no parameter for
	want    *regexp.Regexp
	exclude *regexp.Regexp
	limit   int
	host    provider.Host
	result  *searchResult
}

func runSearch(ctx context.Context, in *provider.In[*client, searchArgs]) (*searchResult, error) {
	s := &searcher{ctx: ctx, limit: max(in.Args.Limit, 1), host: in.Host, result: &searchResult{}}
	var err error
	if s.want, err = regexp.Compile(in.Args.Pattern); err != nil {
		return nil, &provider.Error{Op: "search files: pattern", Err: err, NothingDone: true, Permanent: true}
	}
	if in.Args.Exclude != "" {
		if s.exclude, err = regexp.Compile(in.Args.Exclude); err != nil {
			return nil, &provider.Error{Op: "search files: exclude", Err: err, NothingDone: true, Permanent: true}
		}
	}
	unreadable, err := patiently(ctx, func() ([]string, error) { return s.walk(ctx, in.Dir, in.Args.Files) })
	if err != nil {
		return nil, walkError(ctx, "search files", in.Args.Files, err)
	}
	warnUnreadable(in.Warn, unreadable)
	if s.result.FileCount == 0 {
		in.Warn("no text file was searched: %s matches none that can be read", in.Args.Files)
	}
	slices.SortFunc(s.result.Matches, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	s.result.Count = len(s.result.Matches)
	return s.result, nil
}

// walk searches the files of a pattern and names what could not be read.
func (s *searcher) walk(ctx context.Context, dir, pattern string) ([]string, error) {
	var paths []string
	unreadable, err := regular(ctx, "search files", dir, pattern, func(path string, _ fs.FileInfo) error {
		paths = append(paths, path)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(paths) // so that what a bound cuts off is the same each time
	for _, path := range paths {
		if s.result.Truncated {
			break
		}
		if err := s.file(path); err != nil {
			if ctx.Err() != nil {
				return nil, fileError("search files", path, neterr.Explain(ctx, err, "reading it"))
			}
			unreadable = append(unreadable, fileError("read", path, err).Error())
		}
	}
	return unreadable, nil
}

// file looks at the lines of one file.
func (s *searcher) file(path string) error {
	if err := readable.Check(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	reader := bufio.NewReaderSize(f, 64<<10)
	start, err := reader.Peek(binaryWindow)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bytes.IndexByte(start, 0) >= 0 {
		return nil
	}
	s.result.FileCount++
	for number := 1; !s.result.Truncated; number++ {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		line, err := readLine(reader)
		if err == nil || len(line) > 0 {
			s.line(path, number, line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func (s *searcher) line(path string, number int, line []byte) {
	if !s.want.Match(line) || s.exclude != nil && s.exclude.Match(line) {
		return
	}
	if len(s.result.Matches) == s.limit {
		s.result.Truncated = true
		return
	}
	text := string(line)
	if len(text) > maxText {
		text = s.host.Cut(text[:maxText])
	}
	s.result.Matches = append(s.result.Matches, match{Path: path, Line: number, Text: strings.ToValidUTF8(text, "\uFFFD")})
}

// readLine gives a line without its end. What is beyond maxLine is passed over.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, more, err := r.ReadLine()
		if room := maxLine - len(line); len(part) > room {
			part = part[:room]
		}
		line = append(line, part...)
		if err != nil || !more {
			return line, err
		}
	}
}
