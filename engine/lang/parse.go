package lang

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"
)

var (
	errDirectory = errors.New("it is a directory")
	errTooLarge  = errors.New("it is too large")
)

func readFile(path string, opts *LoadOptions) ([]byte, error) {
	limit := opts.maxFileBytes()
	var source []byte
	var err error
	if opts.ReadFile != nil {
		source, err = opts.ReadFile(path)
	} else {
		source, err = readBounded(path, limit, pipeWait)
	}
	if err == nil && len(source) > limit {
		err = fmt.Errorf("%w: a file may have up to %d bytes", errTooLarge, limit)
	}
	return source, err
}

// readBounded reads at most one byte more than limit, so that a device or a huge file does not fill the memory. A pipe is
// waited for as long as wait, twice: until somebody writes to it, and until it ends.
func readBounded(path string, limit int, wait time.Duration) (source []byte, err error) {
	f, err := open(path, wait)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errDirectory
	}
	// The size is a hint: it is zero for pipes and may change while the file is read.
	var buffer bytes.Buffer
	buffer.Grow(int(min(info.Size(), int64(limit))) + bytes.MinRead)
	_, err = buffer.ReadFrom(io.LimitReader(f, int64(limit)+1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("it is a pipe, and who writes to it did not close it within %s", wait)
	}
	return buffer.Bytes(), err
}

// unreadable is the diagnostic for a file that could not be read. It has no snippet, as there is no source.
func unreadable(path string, err error) *hcl.Diagnostic {
	detail := fmt.Sprintf("%s can't be read: %s.", path, reason(err))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		detail = fmt.Sprintf("There is no file %s.", path)
	case errors.Is(err, errDirectory):
		detail = fmt.Sprintf("%s is a directory; name a runbook file in it.", path)
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unreadable file", Detail: detail}
}

// reason is what is wrong with a file, without its path.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// ReadSource reads a file as [Load] does: at most as many bytes as it accepts. The diagnostics say why there is no source.
func ReadSource(path string, opts LoadOptions) ([]byte, hcl.Diagnostics) {
	source, err := readFile(path, &opts)
	if err != nil {
		return nil, hcl.Diagnostics{unreadable(path, err)}
	}
	return source, nil
}

// ParseSource finds the problems of a source's syntax, as [Load] does before it decodes. Path names the syntax by its
// ending. The file is nil for what isn't text, or is nested too deeply for a parser.
func ParseSource(source []byte, path string) (*hcl.File, hcl.Diagnostics) { return parse(source, path) }

func isJSON(path string) bool { return strings.HasSuffix(path, ".json") }

var byteOrderMark = []byte("\xef\xbb\xbf")

// parse reads source in the syntax that path's ending names. The file is nil where it is not worth decoding.
func parse(source []byte, path string) (*hcl.File, hcl.Diagnostics) {
	if bad := checkText(source, path); bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	if isJSON(path) {
		source = bytes.TrimPrefix(source, byteOrderMark)
		if bad := checkNesting(source, path, hcl.InitialPos, jsonSource); bad != nil {
			return nil, hcl.Diagnostics{bad}
		}
		file, diags := json.Parse(source, path)
		if diags.HasErrors() {
			// What else is wrong follows from the first error.
			return nil, diags[:1]
		}
		return file, diags
	}
	splits, bad := scanNesting(source, path, hcl.InitialPos, nativeSource)
	if bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	return parseNative(source, path, splits)
}

// checkText answers binary junk with one diagnostic instead of one for every byte.
func checkText(source []byte, path string) *hcl.Diagnostic {
	at := bytes.IndexByte(source, 0)
	if at < 0 && utf8.Valid(source) {
		return nil
	}
	if at < 0 {
		for at = 0; at < len(source); {
			r, size := utf8.DecodeRune(source[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
	}
	line := 1 + bytes.Count(source[:at], []byte("\n"))
	column := at - bytes.LastIndexByte(source[:at], '\n')
	pos := hcl.Pos{Line: line, Column: column, Byte: at}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Not a text file",
		Detail:   fmt.Sprintf("%s is not UTF-8 text: its byte %d does not belong in one.", path, at+1),
		Subject:  &hcl.Range{Filename: path, Start: pos, End: pos},
	}
}
