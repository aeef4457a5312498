// Package sqlparse parses SQL with PostgreSQL's own parser, version 17's, and tells what a statement uses and does.
//
// The parser is libpg_query compiled to WebAssembly, which github.com/wasilibs/go-pgquery carries; wazero runs it, so
// that the program builds without cgo. Compiling the module takes more than a second and 260 MB, loading what an
// earlier run compiled some 30 ms: a [Parser] keeps it in a cache folder, and does nothing before its first use.
//
// It is no validator of names or types: only a server knows these. Start at [Parser.Parse].
package sqlparse
