package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type execArgs struct {
	Pod            string   `rb:"pod" doc:"Name of the pod."`
	Resource       string   `rb:"resource" check:"kubernetes_log_source" doc:"Object whose first pod it is, as TYPE/NAME: deployment/api."`
	Command        []string `rb:"command,required" doc:"Program and arguments; there is no shell."`
	Container      string   `rb:"container" doc:"The container of this name; null: the pod's default one, else its first."`
	Namespace      string   `rb:"namespace" doc:"Its namespace; null: the configuration's."`
	MaxOutputBytes int      `rb:"max_output_bytes" default:"1048576" doc:"At most this much of each output is kept."`
}

type execResult struct {
	ExitCode  int    `rb:"exit_code" doc:"The program's exit code."`
	Stdout    string `rb:"stdout" doc:"What it wrote to its standard output."`
	Stderr    string `rb:"stderr" doc:"What it wrote to its standard error."`
	Truncated bool   `rb:"truncated" doc:"Whether an output was longer than max_output_bytes."`
}

func execAction() provider.Action {
	return provider.Define(provider.Definition[*client, execArgs, execResult]{
		Name: "kubernetes_exec", Doc: "Runs a program in a container.",
		Effect: provider.Write, ExactlyOne: [][]string{{"pod", "resource"}},
	})
}
