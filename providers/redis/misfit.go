package redis

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

func queryMisfits(args *queryArgs, known provider.Known) map[string]string {
	return commandMisfits(args.Command, known)
}

func changeMisfits(args *commandArgs, known provider.Known) map[string]string {
	return commandMisfits(args.Command, known)
}

// commandMisfits finds what is no command to any server. What the client does not let out is the client's to say.
func commandMisfits(command []string, known provider.Known) map[string]string {
	if !known("command") || len(command) == 0 {
		return nil
	}
	if why := unnamed(command); why != "" {
		return map[string]string{"command": why}
	}
	if why := tooFew(command); why != "" {
		return map[string]string{"command": why}
	}
	return nil
}

// unnamed says why the first word can't be the name of a command; empty: it may be.
func unnamed(command []string) string {
	words := strings.Fields(command[0])
	switch {
	case len(words) == 0:
		return "the command's name is empty; write it first, then its arguments: [\"GET\", \"key\"]"
	case len(words) > 1:
		return fmt.Sprintf("%q is no command, since a space is part of the name here; write its words apart, as in [\"CONFIG\", \"GET\"]", command[0])
	}
	return ""
}
