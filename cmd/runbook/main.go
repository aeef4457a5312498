package main

import (
	"os"

	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/internal/cli"
	"github.com/e82355ed/runbook/providers/builtin"
)

func main() {
	os.Exit(cli.Main(cli.System(builtin.Registry, sqlite.Open)))
}
