package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// program is something the lab or the demo calls, and where it comes from.
type program struct {
	name string
	// debian is the package that has it.
	debian string
	// dirs are searched after PATH, newest version last; they may be glob patterns.
	dirs []string
}

const postgresDirs = "/usr/lib/postgresql/*/bin"

// programs is the one list of what has to be on the machine besides Go.
var programs = []program{
	{name: "postgres", debian: "postgresql", dirs: []string{postgresDirs}},
	{name: "initdb", debian: "postgresql", dirs: []string{postgresDirs}},
	{name: "psql", debian: "postgresql-client", dirs: []string{postgresDirs}},
	{name: "redis-server", debian: "redis-server"},
	{name: "redis-cli", debian: "redis-tools"},
	{name: "prometheus", debian: "prometheus"},
	{name: "nginx", debian: "nginx-light", dirs: []string{"/usr/sbin"}},
	{name: "curl", debian: "curl"},
	{name: "jq", debian: "jq"},
	{name: "openssl", debian: "openssl"},
}

var errNotInstalled = errors.New("not installed")

// find returns the path of a program.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	index := slices.IndexFunc(programs, func(p program) bool { return p.name == name })
	if index < 0 {
		return "", fmt.Errorf("%s: %w", name, errNotInstalled)
	}
	for _, pattern := range programs[index].dirs {
		matches, err := filepath.Glob(filepath.Join(pattern, name))
		if err == nil && len(matches) > 0 {
			return matches[len(matches)-1], nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNotInstalled)
}

// Program gives the path of a program that the lab uses, for a test that needs a server of its own.
func Program(name string) (string, error) { return find(name) }

// missing returns the programs that are not there, and the packages that have them, each once.
func missing() (names, packages []string) {
	for _, p := range programs {
		if _, err := find(p.name); err == nil {
			continue
		}
		names = append(names, p.name)
		if !slices.Contains(packages, p.debian) {
			packages = append(packages, p.debian)
		}
	}
	return names, packages
}

// installPrograms installs Debian packages for what is missing, or says what to install when it may not.
func (l *Lab) installPrograms(ctx context.Context) error {
	names, packages := missing()
	if len(names) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 || runtime.GOOS != "linux" {
		return fmt.Errorf("these programs are missing: %s\ninstall them, on Debian and Ubuntu with: sudo apt-get install %s",
			strings.Join(names, " "), strings.Join(packages, " "))
	}
	l.progress.step("packages", "installing %s", strings.Join(packages, " "))
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if l.apt(ctx, apt, install...) != nil {
		// The lists may be missing or older than the archive.
		if err := l.apt(ctx, apt, "update"); err != nil {
			return err
		}
		if err := l.apt(ctx, apt, install...); err != nil {
			return err
		}
	}
	if names, _ := missing(); len(names) > 0 {
		return fmt.Errorf("install %s: still missing: %s", strings.Join(packages, " "), strings.Join(names, " "))
	}
	return nil
}

// apt waits for another apt to end, asks no questions and starts none of the installed services where a policy
// forbids it; the lab never uses those.
func (l *Lab) apt(ctx context.Context, path string, args ...string) error {
	log, err := os.OpenFile(l.logPath("apt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of apt: %w", err)
	}
	defer func() { _ = log.Close() }()
	install := exec.CommandContext(ctx, path, append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)...)
	install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	install.Stdout, install.Stderr = log, log
	if err := install.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, l.logTail("apt"))
	}
	return nil
}
