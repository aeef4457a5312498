package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/e82355ed/runbook/engine/provider"
)

type execArgs struct {
	Pod            string   `rb:"pod" check:"kubernetes_pod" doc:"Name of the pod."`
	Resource       string   `rb:"resource" check:"kubernetes_log_source" doc:"Object whose first running pod it is, as TYPE/NAME: deployment/api."`
	Command        []string `rb:"command,required,filled" doc:"Program and arguments; there is no shell."`
	Container      string   `rb:"container" check:"kubernetes_container" doc:"The container of this name; null: the pod's default one, else its first."`
	Namespace      string   `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
	MaxOutputBytes int      `rb:"max_output_bytes" default:"1048576" doc:"At most this much of each output is kept."`
}

type execResult struct {
	ExitCode  int    `rb:"exit_code" doc:"The program's exit code."`
	Stdout    string `rb:"stdout" doc:"What it wrote to its standard output."`
	Stderr    string `rb:"stderr" doc:"What it wrote to its standard error."`
	Truncated bool   `rb:"truncated" doc:"Whether an output was longer than max_output_bytes."`
}

func execAction() provider.Action {
	return change(provider.Definition[*client, execArgs, execResult]{
		Name: "kubernetes_exec", Doc: "Runs a program in a container.",
		Instead: "kubernetes_logs reads what a container wrote",
		Effect:  provider.Write, ExactlyOne: [][]string{{"pod", "resource"}},
		Run:       runExec,
		Summarize: func(r *execResult) string { return fmt.Sprintf("exit code %d", r.ExitCode) },
	})
}

func runExec(ctx context.Context, in *provider.In[*client, execArgs]) (*execResult, error) {
	c, a := in.Client, in.Args
	pod, err := c.podToRunIn(ctx, a)
	if err != nil {
		return nil, err
	}
	at := place{pod.Namespace, pod.Name}
	op := fmt.Sprintf("run %s in pod %s", a.Command[0], at)
	sources, err := logSourcesOf([]corev1.Pod{*pod}, a.Container)
	if err != nil {
		return nil, wrong(op, err)
	}
	if a.Container == "*" || len(sources) != 1 {
		return nil, wrong(op, errors.New("it needs one container"))
	}
	if err := in.Note(rawObject{"pod": at.String(), "uid": string(pod.UID), "container": sources[0].container}); err != nil {
		return nil, err
	}
	stdout, stderr := &bounded{limit: max(a.MaxOutputBytes, 1)}, &bounded{limit: max(a.MaxOutputBytes, 1)}
	err = c.stream(ctx, sources[0], a.Command, stdout, stderr)
	result := &execResult{Stdout: stdout.text(in.Host), Stderr: stderr.text(in.Host), Truncated: stdout.dropped || stderr.dropped}
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		result.ExitCode = exit.Code
		err = nil
	}
	if err != nil {
		return nil, c.explain(ctx, op, err)
	}
	return result, nil
}

// stream runs the command over WebSocket, and over SPDY where the server or something in between does not know that.
func (c *client) stream(ctx context.Context, at logSource, command []string, stdout, stderr *bounded) error {
	request := c.object(pods, at.pod.namespace, at.pod.name).SubResource("exec").
		Param("container", at.container).Param("stdout", "true").Param("stderr", "true")
	for _, word := range command {
		request = request.Param("command", word)
	}
	address := request.URL()
	sockets, err := remotecommand.NewWebSocketExecutor(c.config, http.MethodGet, address.String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.config, http.MethodPost, address)
	if err != nil {
		return err
	}
	either, err := remotecommand.NewFallbackExecutor(sockets, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return err
	}
	return either.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: stdout, Stderr: stderr})
}

// podToRunIn is the pod of the name, or the first by name that runs.
func (c *client) podToRunIn(ctx context.Context, a *execArgs) (*corev1.Pod, error) {
	op := "run a program in " + firstOf(a.Resource, "pod "+a.Pod)
	namespace, err := c.oneNamespace(op, a.Namespace)
	if err != nil {
		return nil, err
	}
	found, _, err := c.podsToRead(ctx, &logsArgs{Namespace: namespace, Pod: a.Pod, Resource: a.Resource, MaxPods: pageSize})
	if err != nil {
		return nil, err
	}
	for i := range found {
		if p := &found[i]; p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
			return p, nil
		}
	}
	return nil, wrong(op, errors.New("there is no pod of it that runs"))
}
