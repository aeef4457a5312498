package sqlparse

import (
	_ "unsafe" // for go:linkname

	_ "github.com/wasilibs/go-pgquery/parser" // links the module's bytes in
)

// module is libpg_query as WebAssembly. The library that carries it compiles it anew in each process and offers no way
// to keep the result, so its bytes are used without its code; go.sum vouches for them. Renamed there, it fails to link.
//
//go:linkname module github.com/wasilibs/go-pgquery/internal/wasm.LibPGQuery
var module []byte
