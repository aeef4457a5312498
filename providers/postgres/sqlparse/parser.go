package sqlparse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/wasilibs/wazero-helpers/allocator"
)

// maxSQL bounds a text, in bytes: the parser's own memory grows with it.
const maxSQL = 1 << 20

// Parser parses SQL. It loads on first use, and is safe for concurrent use. The zero value keeps no cache.
type Parser struct {
	// CacheDir is where the compiled parser is kept: a folder of the user's own, see [CacheDir]. Empty: nowhere.
	CacheDir string

	once sync.Once
	// turn holds one token: whoever has it may use the fields below.
	turn chan struct{}
	run  wazero.Runtime
	// cache outlives the runtime, which is replaced after a crash of the parser.
	cache wazero.CompilationCache
	mod   api.Module
}

// SyntaxError is a text that is no SQL for PostgreSQL 17.
type SyntaxError struct {
	Message string
	// Position counts characters from 1; 0: unknown.
	Position int
}

func (e *SyntaxError) Error() string { return e.Message }

// Parse gives the statements of a text. An error is a [*SyntaxError], or says why the parser could not run. A ctx that
// ends is obeyed at once; the loading then goes on for the next call.
func (p *Parser) Parse(ctx context.Context, sql string) ([]Statement, error) {
	switch {
	case len(sql) > maxSQL:
		return nil, fmt.Errorf("the SQL has %d bytes, and no more than %d are looked at", len(sql), maxSQL)
	case strings.ContainsRune(sql, 0) || !utf8.ValidString(sql):
		return nil, &SyntaxError{Message: "the SQL holds a NUL character or is not UTF-8"}
	}
	turn := p.turns()
	select {
	case <-turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the SQL parser: %w", ctx.Err())
	}
	type parsed struct {
		text string
		err  error
	}
	answers := make(chan parsed, 1)
	go func() {
		// Close takes the token, so it waits for this.
		defer func() { turn <- struct{}{} }()
		text, err := p.parseOrLoad(sql)
		answers <- parsed{text, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, a.err
		}
		return statements(a.text)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the SQL parser, which loads on first use: %w", ctx.Err())
	}
}

// turns gives the channel with the token.
func (p *Parser) turns() chan struct{} {
	p.once.Do(func() {
		p.turn = make(chan struct{}, 1)
		p.turn <- struct{}{}
	})
	return p.turn
}

func (p *Parser) parseOrLoad(sql string) (string, error) {
	if p.mod == nil {
		if err := p.load(); err != nil {
			p.unload()
			return "", fmt.Errorf("load the SQL parser: %w", err)
		}
	}
	text, err := p.parse(sql)
	if err != nil && !errors.As(err, new(*SyntaxError)) {
		// A module that trapped, on a text nested too deep, is in no known state.
		p.unload()
	}
	return text, err
}

// statements reads the parser's JSON.
func statements(text string) ([]Statement, error) {
	var out struct {
		Stmts []struct {
			Stmt map[string]any `json:"stmt"`
		} `json:"stmts"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read the parser's tree: %w", err)
	}
	list := make([]Statement, len(out.Stmts))
	for i, s := range out.Stmts {
		list[i] = Statement{tree: s.Stmt}
	}
	return list, nil
}

// Close frees the parser's memory; a later Parse loads it again.
func (p *Parser) Close() error {
	turn := p.turns()
	<-turn
	p.unload()
	turn <- struct{}{}
	return nil
}

func (p *Parser) unload() {
	ctx := context.Background()
	if p.run != nil {
		_ = p.run.Close(ctx) // memory alone, which can't fail to go
	}
	if p.cache != nil {
		_ = p.cache.Close(ctx)
	}
	p.run, p.cache, p.mod = nil, nil, nil
}

func (p *Parser) load() error {
	// The module's memory may grow to 4 GB. As a Go slice it would be allocated whole, and cleared whole where the address
	// space was used before; outside Go's heap only what is used is there.
	ctx := experimental.WithMemoryAllocator(context.Background(), allocator.NewNonMoving())
	// Debug information would make the cache half as large again, and ten times slower to read.
	config := wazero.NewRuntimeConfig().WithDebugInfoEnabled(false).
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesThreads)
	if p.CacheDir != "" {
		if cache, err := openCache(p.CacheDir); err == nil {
			p.cache = cache
			config = config.WithCompilationCache(cache)
		}
	}
	p.run = wazero.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, p.run); err != nil {
		return fmt.Errorf("offer it a system: %w", err)
	}
	if err := instantiateHost(ctx, p.run); err != nil {
		return err
	}
	code, err := p.run.CompileModule(ctx, module)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	mod, err := p.run.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if _, err := mod.ExportedFunction("pg_query_init").Call(ctx); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	p.mod = mod
	return nil
}

// parse gives the tree as JSON.
func (p *Parser) parse(sql string) (text string, err error) {
	c := call{ctx: withCheckpoints(context.Background()), mod: p.mod}
	const resultSize, tree, problem = 12, 0, 8 // PgQueryParseResult: tree, stderr, error
	input := c.do("malloc", uint64(len(sql)+1))
	result := c.do("malloc", resultSize)
	c.write(input, append([]byte(sql), 0))
	c.do("pg_query_parse", result, input)
	if at := c.word(result + problem); at != 0 {
		const position = 16 // PgQueryError: message, function, file, line, position
		failure := &SyntaxError{Message: c.text(c.word(at)), Position: int(c.word(at + position))}
		c.free(result, input)
		if c.err == nil {
			return "", failure
		}
		return "", c.err
	}
	text = c.text(c.word(result + tree))
	c.free(result, input)
	return text, c.err
}

// call is one use of the module; after its first error it does nothing more.
type call struct {
	ctx context.Context
	mod api.Module
	err error
}

func (c *call) do(function string, args ...uint64) uint64 {
	if c.err != nil {
		return 0
	}
	results, err := c.mod.ExportedFunction(function).Call(c.ctx, args...)
	if err != nil {
		c.err = errors.New("the SQL parser broke down: the statement is nested too deep for it")
		return 0
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

func (c *call) free(result, input uint64) {
	c.do("pg_query_free_parse_result", result)
	c.do("free", result)
	c.do("free", input)
}

func (c *call) write(at uint64, content []byte) {
	if c.err == nil && !c.mod.Memory().Write(uint32(at), content) {
		c.err = errHost
	}
}

func (c *call) word(at uint64) uint64 {
	value, ok := c.mod.Memory().ReadUint32Le(uint32(at))
	if c.err != nil || !ok {
		return 0
	}
	return uint64(value)
}

// text reads a C string.
func (c *call) text(at uint64) string {
	if at == 0 || c.err != nil {
		return ""
	}
	memory := c.mod.Memory()
	rest, ok := memory.Read(uint32(at), memory.Size()-uint32(at))
	end := bytes.IndexByte(rest, 0)
	if !ok || end < 0 {
		c.err = errHost
		return ""
	}
	return string(rest[:end])
}
