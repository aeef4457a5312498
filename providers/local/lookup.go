package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// environment is base with the variables of more, which win.
func environment(base []string, more map[string]string) []string {
	environ := slices.Clone(base)
	if environ == nil {
		environ = []string{} // nil would mean the engine's own
	}
	for name, value := range more {
		environ = slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		environ = append(environ, name+"="+value)
	}
	return environ
}

// lookUp finds a program: a name along the PATH of the environment, a path from the runbook's folder.
func lookUp(program, dir string, environ []string) (string, error) {
	if strings.Contains(program, "/") {
		path := absolute(dir, program)
		return path, executable(path)
	}
	var found error
	for _, variable := range environ {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(list) {
			if !filepath.IsAbs(folder) {
				continue // the empty and the relative ones, which os/exec refuses too
			}
			path := filepath.Join(folder, program)
			switch err := executable(path); {
			case err == nil:
				return path, nil
			case !errors.Is(err, errNoProgram) && found == nil:
				found = err
			}
		}
	}
	if found != nil {
		return "", found
	}
	return "", fmt.Errorf("%w on the PATH", errNoProgram)
}

var errNoProgram = errors.New("there is no such program")

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errNoProgram
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder", path)
	case unix.Access(path, unix.X_OK) != nil:
		return fmt.Errorf("%s is not executable: %w", path, os.ErrPermission)
	}
	return nil
}
