package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeRunbook writes a generated runbook into the folder and gives its path.
func writeRunbook(dir, name, content string) (string, error) {
	path := filepath.Join(dir, name+".hcl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", fmt.Errorf("write the runbook of a case: %w", err)
	}
	return path, nil
}

// emptySteps is a runbook of n checks that check nothing. Chained, each waits for the one before it.
func emptySteps(name string, n int, chained bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "runbook %q {}\n", name)
	for i := range n {
		if chained && i > 0 {
			fmt.Fprintf(&b, "check \"s%d\" {\n  depends_on = [step.s%d]\n}\n", i, i-1)
			continue
		}
		fmt.Fprintf(&b, "check \"s%d\" {}\n", i)
	}
	return b.String()
}

// httpChecks is a runbook of n GETs, each with an assertion on the JSON that comes back. Parallel 0 leaves max_parallel
// at its default.
func httpChecks(name, server, path string, n, parallel int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "runbook %q {\n", name)
	if parallel > 0 {
		fmt.Fprintf(&b, "  max_parallel = %d\n", parallel)
	}
	fmt.Fprintf(&b, "}\n\nprovider \"http\" {\n  base_url = %q\n}\n", server)
	for i := range n {
		fmt.Fprintf(&b, `
step "http_request" "s%d" {
  url = %q
  assert {
    condition = self.json.status == "healthy"
  }
}
`, i, path)
	}
	return b.String()
}
