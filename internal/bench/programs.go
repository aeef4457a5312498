package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the paths of what the cases start.
type programs struct {
	runbook, floor, web, script string
}

// built are the packages to build and their binaries in bin/.
var built = []struct{ pkg, binary string }{
	{"./cmd/runbook", "runbook"},
	{"./internal/bench/floor", "bench-floor"},
	{"./internal/bench/web", "bench-web"},
}

// build makes the binaries as they are released: without cgo.
func build(ctx context.Context, root string) (*programs, error) {
	for _, b := range built {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join("bin", b.binary), b.pkg)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", b.pkg, err, tail(string(out), shownOutput))
		}
	}
	bin := filepath.Join(root, "bin")
	return &programs{
		runbook: filepath.Join(bin, "runbook"), floor: filepath.Join(bin, "bench-floor"), web: filepath.Join(bin, "bench-web"),
		script: filepath.Join(root, "internal", "bench", "morning.sh"),
	}, nil
}

// moduleRoot is the nearest folder above that holds go.mod.
func moduleRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in the source tree: no go.mod there or above", dir)
		}
	}
}

// labVariables are those of the lab that the morning check needs.
var labVariables = []string{
	"KUBECONFIG", "DATABASE_URL", "RUNBOOK_VAR_redis_url", "RUNBOOK_VAR_api_url", "RUNBOOK_VAR_prometheus_url",
	"RUNBOOK_VAR_site_address", "RUNBOOK_VAR_site_server_name", "RUNBOOK_VAR_site_ca_file",
}

// scriptPrograms are what morning.sh starts.
var scriptPrograms = []string{"bash", "kubectl", "psql", "redis-cli", "curl", "jq", "openssl", "df"}

// checkLab says what is missing for the morning check.
func checkLab(lookup func(string) (string, bool)) error {
	var missing []string
	for _, name := range labVariables {
		if value, _ := lookup(name); value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the lab's environment is missing (%s): run make lab-up, then make bench", strings.Join(missing, ", "))
	}
	binaries, _ := lookup("LAB_BIN_DIR")
	for _, name := range scriptPrograms {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(binaries, name)); binaries == "" || err != nil {
			return fmt.Errorf("%s is not on PATH: run make lab-up, which installs it or says how to", name)
		}
	}
	return nil
}

// serve starts the server of the HTTP cases. Stop ends it and waits.
func serve(ctx context.Context, p *programs) (address string, stop func() error, err error) {
	cmd := exec.CommandContext(ctx, p.web, "serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start the server of the HTTP cases: %w", err)
	}
	stop = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || line == "" {
		return "", nil, errors.Join(fmt.Errorf("the server of the HTTP cases did not tell its address: %w", err), stop())
	}
	return strings.TrimSpace(line), stop, nil
}
