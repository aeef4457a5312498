package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Config says where the lab lives. All paths are absolute.
type Config struct {
	// Root is the work tree the lab belongs to; two trees on one machine have two labs.
	Root string
	// StateDir holds everything that changes: data, logs, certificates, the env file.
	StateDir string
	// CacheDir holds built programs, one directory a component and version, shared by all trees.
	CacheDir string
	// KubernetesBinaries is a directory that is searched for control plane programs before PATH (KUBEBUILDER_ASSETS).
	KubernetesBinaries string
	// Labctl is the program that serves the demo API when it is called as "labctl serve-api".
	Labctl string
	// Out receives one line for each service and the progress of long builds.
	Out io.Writer
}

// Lab is one set of services. Its methods must not be called at the same time; other processes are kept out by a lock.
type Lab struct {
	Config
	state    *state
	progress *progress
	started  time.Time
}

// New prepares a lab without starting anything.
func New(config Config) (*Lab, error) {
	for _, dir := range []string{config.StateDir, filepath.Join(config.StateDir, "log"), filepath.Join(config.StateDir, "run")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("create the lab's directory: %w", err)
		}
	}
	return &Lab{Config: config, progress: newProgress(config.Out), started: time.Now()}, nil
}

// EnvFile is where Up writes the addresses and credentials of the services.
func (l *Lab) EnvFile() string { return filepath.Join(l.StateDir, "env") }

// path names a file below the state directory.
func (l *Lab) path(elem ...string) string {
	return filepath.Join(append([]string{l.StateDir}, elem...)...)
}

// Up starts what is not running, repairs what is half there and writes the env file.
func (l *Lab) Up(ctx context.Context) error {
	unlock, err := lock(ctx, l.path("lock"), l.progress)
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.prepare(); err != nil {
		return err
	}
	if err := l.installPrograms(ctx); err != nil {
		return err
	}
	if err := runServices(ctx, l.services(), l.progress); err != nil {
		return err
	}
	if err := writeEnv(l.EnvFile(), l.environment()); err != nil {
		return err
	}
	l.progress.printf("lab is up in %.1f s, addresses in %s", time.Since(l.started).Seconds(), l.relative(l.EnvFile()))
	return nil
}

// prepare settles ports, passwords and certificates, which every service needs before it starts.
func (l *Lab) prepare() error {
	state, err := loadState(l.path("state.json"))
	if err != nil {
		return err
	}
	l.state = state
	l.state.settle(l.Root)
	if err := l.state.settlePorts(l.Root, l.running); err != nil {
		return err
	}
	if err := l.state.save(); err != nil {
		return err
	}
	return l.makeCertificates()
}

// Down stops what Up started, and removes its data. Logs, ports and certificates stay.
func (l *Lab) Down(ctx context.Context) error {
	unlock, err := lock(ctx, l.path("lock"), l.progress)
	if err != nil {
		return err
	}
	defer unlock()
	if l.state, err = loadState(l.path("state.json")); err != nil {
		return err
	}
	if err := l.stopAll(ctx); err != nil {
		return err
	}
	removals := []string{l.path("data"), l.EnvFile(), l.path("kubeconfig")}
	if l.state.SharedDir != "" {
		removals = append(removals, l.state.SharedDir)
	}
	var failures error
	for _, path := range removals {
		failures = errors.Join(failures, os.RemoveAll(path))
	}
	if failures != nil {
		return fmt.Errorf("remove the lab's data: %w", failures)
	}
	l.progress.printf("lab is down in %.1f s", time.Since(l.started).Seconds())
	return nil
}

// relative shortens a path for people who stand in the work tree.
func (l *Lab) relative(path string) string {
	if short, err := filepath.Rel(l.Root, path); err == nil {
		return short
	}
	return path
}
