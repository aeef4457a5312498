package redis

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type commandArgs struct {
	Command []string `rb:"command,required" doc:"A command and its arguments: [\"DEL\", \"session:1\"]."`
}

type commandResult struct {
	Value cty.Value `rb:"value" doc:"The answer, as redis_query gives it."`
}

var command = provider.Define(provider.Definition[*client, commandArgs, commandResult]{
	Name: "redis_command", Doc: "Runs a command that changes something.", Effect: provider.Write,
	Classify: func(args *commandArgs, known provider.Known) provider.Effect {
		if !known("command") {
			return provider.Destructive // it may be anything
		}
		return classify(args.Command)
	},
})

// losing are commands that lose data, or the server.
var losing = set("flushall", "flushdb", "debug", "shutdown")

// classify looks at the command's name; what a script does can't be seen, so its text is searched for the names.
func classify(command []string) provider.Effect {
	if len(command) == 0 {
		return provider.Write
	}
	name := strings.ToLower(strings.TrimSpace(command[0]))
	if losing[name] {
		return provider.Destructive
	}
	if (name == "eval" || name == "function") && len(command) > 1 {
		for _, text := range command[1:] {
			for loss := range losing {
				if strings.Contains(strings.ToLower(text), loss) {
					return provider.Destructive
				}
			}
		}
	}
	return provider.Write
}
