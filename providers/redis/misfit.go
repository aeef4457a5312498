package redis

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// queryMisfits finds commands that no server would be sent, whatever it says of them.
func queryMisfits(args *queryArgs, known provider.Known) map[string]string {
	if !known("command") || len(args.Command) == 0 {
		return nil
	}
	if why := unnamed(args.Command); why != "" {
		return map[string]string{"command": why}
	}
	_, alone := names(anys(args.Command))
	if why, ok := refused[alone]; ok {
		return map[string]string{"command": fmt.Sprintf("%s is not let out: %s", strings.ToUpper(alone), why)}
	}
	return nil
}

// commandMisfits finds commands that change the connection, and such as no server knows.
func commandMisfits(args *commandArgs, known provider.Known) map[string]string {
	if !known("command") || len(args.Command) == 0 {
		return nil
	}
	if why := unnamed(args.Command); why != "" {
		return map[string]string{"command": why}
	}
	both, alone := names(anys(args.Command))
	for _, name := range []string{alone, both} {
		if shared[name] {
			return map[string]string{"command": fmt.Sprintf("redis_command does not send %s: it changes the connection, which other steps share", strings.ToUpper(name))}
		}
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
		return fmt.Sprintf("%q is no command, since a space is part of the name here; write its words apart: [\"%s\"]", command[0], strings.Join(words, "\", \""))
	}
	return ""
}
