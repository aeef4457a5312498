package kubernetes

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/e82355ed/runbook/engine/provider"
)

type runJobArgs struct {
	Image          string            `rb:"image,required,filled" check:"kubernetes_image" doc:"Image to run."`
	Command        []string          `rb:"command,required,filled" doc:"Program and arguments; there is no shell."`
	Env            map[string]string `rb:"env" check_keys:"kubernetes_env" doc:"Environment variables."`
	Labels         map[string]string `rb:"labels" check:"kubernetes_label_value" check_keys:"kubernetes_label" doc:"Labels of the job and its pod."`
	Namespace      string            `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Namespace to run in; null: the configuration's."`
	MaxOutputBytes int               `rb:"max_output_bytes" default:"1048576" doc:"At most this much of the output is kept, the newest."`
}

type runJobResult struct {
	ExitCode  int    `rb:"exit_code" doc:"The program's exit code."`
	Stdout    string `rb:"stdout" doc:"What it wrote."`
	Job       string `rb:"job" doc:"Name of the job, which the cluster keeps for a day."`
	Namespace string `rb:"namespace" doc:"Its namespace."`
	Truncated bool   `rb:"truncated" doc:"Whether the output was longer than max_output_bytes."`
}

// jobKept is how long the cluster keeps a job that has ended: for people to look at, and for a resume to find.
const jobKept = 24 * time.Hour

func runJobAction() provider.Action {
	return change(provider.Definition[*client, runJobArgs, runJobResult]{
		Name: "kubernetes_run_job", Doc: "Runs a program in a job of its own and waits for its end.",
		Instead: "kubernetes_jobs shows the jobs there are",
		Effect:  provider.Write, NeedsTimeout: true, Run: runRunJob, Preview: previewRunJob, Inquire: inquireRunJob, Follows: true,
		Summarize: func(r *runJobResult) string { return fmt.Sprintf("exit code %d", r.ExitCode) },
	})
}

func runRunJob(ctx context.Context, in *provider.In[*client, runJobArgs]) (*runJobResult, error) {
	s, err := jobSubject(in.Client, in.Args, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.Note(jobNote{Namespace: s.namespace, Job: s.name}); err != nil {
		return nil, err
	}
	switch err := s.createJob(ctx, in.Args, in.Key, false); {
	case apierrors.IsAlreadyExists(err):
		// The name comes from the key: it is this very write, sent before.
		in.Warn("%s is there already; it is followed, and not started again", s)
		intentOf(ctx).touched.Store(true)
	case err != nil:
		return nil, s.c.explain(ctx, "create "+s.String(), err)
	}
	var ended rawObject
	err = await(ctx, func() (bool, error) {
		job, err := s.read(ctx)
		if err != nil {
			return false, err
		}
		ended = job
		return jobEnd(job) != "", nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, s.c.explain(ctx, "wait for the end of "+s.String()+s.waitsFor(ctx), ctx.Err())
		}
		return nil, err
	}
	return s.resultOfJob(ctx, ended, in.Args.MaxOutputBytes)
}

type jobNote struct {
	Namespace string `json:"namespace"`
	Job       string `json:"job"`
}

// jobSubject names the job by the write's key, so that a second creation of the same is refused by the server.
func jobSubject(c *client, a *runJobArgs, key string) (subject, error) {
	if key == "" {
		key = rand.Text()
	}
	sum := sha256.Sum256([]byte(key))
	return c.subject("run a job", jobs, a.Namespace, "runbook-"+hex.EncodeToString(sum[:8]))
}

func (s subject) createJob(ctx context.Context, a *runJobArgs, key string, dry bool) error {
	body, err := json.Marshal(s.job(ctx, a, key))
	if err != nil {
		return err
	}
	return s.request("POST", dry).Param("fieldManager", fieldManager).
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
}

// job runs once: what it did before it failed is not done a second time. The cluster ends it when the step's time is up.
func (s subject) job(ctx context.Context, a *runJobArgs, key string) rawObject {
	container := rawObject{"name": "job", "image": a.Image, "command": a.Command}
	var env []any
	for _, name := range namesIn(a.Env) {
		env = append(env, rawObject{"name": name, "value": a.Env[name]})
	}
	if env != nil {
		container["env"] = env
	}
	spec := rawObject{
		"backoffLimit": 0, "ttlSecondsAfterFinished": int(jobKept.Seconds()),
		"template": rawObject{
			"metadata": rawObject{"labels": a.Labels},
			"spec":     rawObject{"restartPolicy": "Never", "containers": []any{container}},
		},
	}
	if deadline, ok := ctx.Deadline(); ok {
		spec["activeDeadlineSeconds"] = max(1, int64(math.Ceil(time.Until(deadline).Seconds())))
	}
	return rawObject{
		"apiVersion": "batch/v1", "kind": jobs.kind, "spec": spec,
		"metadata": rawObject{"name": s.name, "namespace": s.namespace, "labels": a.Labels, "annotations": rawObject{writtenBy: key}},
	}
}

func previewRunJob(ctx context.Context, in *provider.In[*client, runJobArgs]) ([]provider.Change, error) {
	s, err := jobSubject(in.Client, in.Args, in.Key)
	if err != nil {
		return nil, err
	}
	if err := s.createJob(ctx, in.Args, in.Key, true); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, s.c.explain(ctx, "rehearse: create "+s.String(), err)
	}
	return []provider.Change{{Path: title(jobs, s.namespace, s.name), After: in.Args.Image + " runs " + in.Args.Command[0]}}, nil
}

// endJob says how a job that goes on is ended, and what follows from that: one that is gone can't be told from one that never was.
func (s subject) endJob() string {
	where := " -n " + s.namespace
	if s.c.cluster.context != podContext {
		where += " --context '" + s.c.cluster.context + "'"
	}
	return fmt.Sprintf(`wait for it, or end it with: kubectl patch job %s%s --type merge -p '{"spec":{"activeDeadlineSeconds":1}}'. It counts as carried out then, as far as it came. `+
		"(Were it deleted, a resume would run it again from its beginning.)", s.name, where)
}

// inquireRunJob looks for the job of the key.
func inquireRunJob(
	ctx context.Context, in *provider.In[*client, runJobArgs], sent provider.Sent,
) (*provider.Finding[runJobResult], error) {
	s, err := jobSubject(in.Client, in.Args, sent.Key)
	if err != nil {
		return nil, err
	}
	if sent.Key == "" {
		return &provider.Finding[runJobResult]{Why: "The write has no key, so its job's name is not known."}, nil
	}
	job, err := s.find(ctx)
	switch {
	case notFound(err) && !sent.At.IsZero() && time.Since(sent.At) > jobKept:
		return &provider.Finding[runJobResult]{Why: fmt.Sprintf("There is no %s; the cluster may have cleared it away.", s)}, nil
	case notFound(err):
		return &provider.Finding[runJobResult]{State: provider.NotDone, Why: fmt.Sprintf("There is no %s.", s)}, nil
	case err != nil:
		return nil, s.c.explain(ctx, "read "+s.String(), err)
	case jobEnd(job) == "":
		return &provider.Finding[runJobResult]{State: provider.UnderWay, Why: s.String() + " runs; " + s.endJob()}, nil
	}
	finding := &provider.Finding[runJobResult]{State: provider.Done, Why: s.String() + " has ended."}
	result, err := s.resultOfJob(ctx, job, in.Args.MaxOutputBytes)
	if err != nil {
		finding.Why += " Its output can't be read: " + err.Error()
		return finding, nil //nolint:nilerr // it has run all the same
	}
	finding.Result = result
	return finding, nil
}
