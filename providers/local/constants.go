package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// What constants tell before anything runs. Each is looked at again when the step runs.

// checkExitCode: a program's code is a byte (wait(2)); 128 and a signal's number stand for a signal.
func checkExitCode(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 255 {
		return fmt.Errorf("%s is not an exit code; write one from 0 to 255", value)
	}
	return nil
}

// checkFileToWrite refuses a path in a tree that holds no files, and one that can only be a folder's.
func checkFileToWrite(path string) error {
	if tree := treeWithoutFiles(filepath.Clean(path)); tree != "" {
		return fmt.Errorf("there are no files to write in %s; what sets it can be run with local_command", tree)
	}
	if last := path[strings.LastIndexByte(path, '/')+1:]; path != "" && (last == "" || last == "." || last == "..") {
		return fmt.Errorf("%q is a folder; write the name of the file too", path)
	}
	return nil
}

// treeWithoutFiles is the tree of elsewhere that a clean path is in; empty: it is in none.
func treeWithoutFiles(path string) string {
	for _, tree := range elsewhere {
		if (path == tree || strings.HasPrefix(path, tree+"/")) && !strings.HasPrefix(path, "/dev/shm/") {
			return tree
		}
	}
	return ""
}

var errEmptyProgram = errors.New("command[0] is empty; write the program first, then its arguments")

func commandMisfits(args *commandArgs, known provider.Known) map[string]string {
	if known("command") && len(args.Command) > 0 && args.Command[0] == "" {
		return map[string]string{"command": errEmptyProgram.Error()}
	}
	return nil
}
