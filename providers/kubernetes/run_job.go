package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type runJobArgs struct {
	Image          string            `rb:"image,required" doc:"Image to run."`
	Command        []string          `rb:"command,required" doc:"Program and arguments; there is no shell."`
	Env            map[string]string `rb:"env" doc:"Environment variables."`
	Namespace      string            `rb:"namespace" doc:"Namespace to run in; null: the configuration's."`
	MaxOutputBytes int               `rb:"max_output_bytes" default:"1048576" doc:"At most this much of the output is kept."`
}

type runJobResult struct {
	ExitCode  int    `rb:"exit_code" doc:"The program's exit code."`
	Stdout    string `rb:"stdout" doc:"What it wrote."`
	Job       string `rb:"job" doc:"Name of the job."`
	Truncated bool   `rb:"truncated" doc:"Whether the output was longer than max_output_bytes."`
}

func runJobAction() provider.Action {
	return provider.Define(provider.Definition[*client, runJobArgs, runJobResult]{
		Name: "kubernetes_run_job", Doc: "Runs a program in a job of its own and waits for its end.",
		Effect: provider.Write, NeedsTimeout: true,
	})
}
