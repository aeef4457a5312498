package lang

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// chunkBytes is how much of a file is parsed at a time. The lexer keeps a hundred bytes for each token until the parser
// is done, in a slice that it grows by copying: for a file of 10,000 steps that costs more than the parsing itself.
const chunkBytes = 32 << 10

// chunk is a part of a file between two lines outside all blocks.
type chunk struct {
	source []byte
	start  hcl.Pos
	body   *hclsyntax.Body
}

// parseNative parses a file in the native syntax. A long one is parsed by chunks, at once where there are processors;
// should a chunk have a problem, the file is parsed as a whole, so that the diagnostics are the parser's own.
func parseNative(source []byte, path string, splits []int) (*hcl.File, hcl.Diagnostics) {
	if len(splits) > 0 {
		if body := parseChunks(cut(source, splits), path); body != nil {
			return &hcl.File{Body: body, Bytes: source}, nil
		}
	}
	return hclsyntax.ParseConfig(source, path, hcl.InitialPos)
}

func cut(source []byte, splits []int) []chunk {
	chunks := make([]chunk, 0, len(splits)+1)
	at := hcl.InitialPos
	for _, end := range append(splits, len(source)) {
		part := source[at.Byte:end]
		chunks = append(chunks, chunk{source: part, start: at})
		at = hcl.Pos{Line: at.Line + bytes.Count(part, []byte("\n")), Column: 1, Byte: end}
	}
	return chunks
}

// parseChunks gives the joined body, nil where a chunk has any problem.
func parseChunks(chunks []chunk, path string) *hclsyntax.Body {
	var next atomic.Int64
	var bad atomic.Bool
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(chunks)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(chunks) && !bad.Load(); i = next.Add(1) - 1 {
				c := &chunks[i]
				file, diags := hclsyntax.ParseConfig(c.source, path, c.start)
				if len(diags) > 0 {
					bad.Store(true)
					return
				}
				c.body = file.Body.(*hclsyntax.Body)
			}
		})
	}
	workers.Wait()
	if bad.Load() {
		return nil
	}
	return join(chunks)
}

func join(chunks []chunk) *hclsyntax.Body {
	last := chunks[len(chunks)-1].body
	joined := &hclsyntax.Body{
		Attributes: hclsyntax.Attributes{},
		SrcRange:   hcl.RangeBetween(chunks[0].body.SrcRange, last.SrcRange),
		EndRange:   last.EndRange,
	}
	for _, c := range chunks {
		joined.Blocks = append(joined.Blocks, c.body.Blocks...)
		for name, a := range c.body.Attributes {
			if joined.Attributes[name] != nil {
				return nil
			}
			joined.Attributes[name] = a
		}
	}
	return joined
}
