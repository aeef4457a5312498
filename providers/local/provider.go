package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/e82355ed/runbook/engine/provider"
)

// config is the provider block.
type config struct {
	Machine string `rb:"machine" doc:"Name under which machines count as one, such as the pods of a job whose commands act elsewhere, or hosts that share a disk; null: each machine is one of its own. What was done on one machine is not undone on another, nor gone on with."`
}

type client struct {
	readOnly bool
	// found are the keys of writes whose programs ran before this client started any, once search is done.
	search sync.Once
	found  map[string]bool
}

// New declares the provider.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name: "local", Doc: "The machine the engine runs on: disks, memory, files and programs.",
		Open: func(_ context.Context, req provider.Open[config]) (*client, error) {
			return &client{readOnly: req.ReadOnly}, nil
		},
		Target: func(req provider.Open[config]) (provider.Place, error) {
			name := req.Config.Machine
			if name == "" {
				name = req.Machine
			}
			return provider.Place{Text: name, Here: name != ""}, nil
		},
		Checks:  map[string]provider.Check{"file_mode": checkMode, "exit_code": checkExitCode, "file_to_write": checkFileToWrite},
		Actions: []provider.Action{diskUsage(), files(), search(), memoryUsage(), command(), writeFile(), restoreFile()},
	})
}

// absolute is a path as the author meant it: a relative one starts at the folder of the runbook.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// fileError is a failed operation on a path.
func fileError(op, path string, err error) *provider.Error {
	return &provider.Error{Op: op, Endpoint: path, Err: reason(err), NothingDone: true}
}

// reason is an error of the system without the path that it repeats.
func reason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

func checkMode(value string) error {
	_, err := parseMode(value)
	return err
}

func parseMode(value string) (os.FileMode, error) {
	n, err := strconv.ParseUint(value, 8, 32)
	if err != nil || n > 0o7777 {
		return 0, fmt.Errorf("%q is not a file mode; write it in octal, such as \"0644\"", value)
	}
	mode := os.FileMode(n) & os.ModePerm
	for _, s := range special {
		if uint32(n)&s.bit != 0 {
			mode |= s.is
		}
	}
	return mode, nil
}

// counted is a number of things for a person.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// size is a number of bytes for a person.
func size(n int64) string {
	const step = 1024
	if n < step {
		return counted(int(n), "byte", "bytes")
	}
	value, unit := float64(n)/step, 0
	for value >= step && unit < len("KMGTPE")-1 {
		value, unit = value/step, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[unit])
}
