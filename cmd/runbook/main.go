package main

import (
	"os"
	"runtime"

	"github.com/e82355ed/runbook/engine/journal/stores"
	"github.com/e82355ed/runbook/internal/cli"
	"github.com/e82355ed/runbook/providers/builtin"
)

// ballast is memory that is never touched, so that it costs address space alone. It counts as live for the garbage
// collector, which then waits until the program's own heap has grown by as much before it first works: short runs end
// without paying for it (docs/benchmarks.md).
const ballast = 48 << 20

func main() {
	held := make([]byte, ballast)
	program := cli.System(builtin.Registry, stores.Open)
	program.OpenHistory = stores.OpenReadOnly
	program.Secrets = builtin.Secrets()
	status := cli.Main(program)
	runtime.KeepAlive(held)
	os.Exit(status)
}
