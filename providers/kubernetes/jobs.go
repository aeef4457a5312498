package kubernetes

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type jobsArgs struct {
	Namespace     string `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only jobs with these labels."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many jobs are read."`
}

type jobsResult struct {
	Jobs      []jobResult `rb:"jobs" doc:"The jobs by namespace and name."`
	Count     int         `rb:"count" doc:"How many jobs there are in the list."`
	Failed    []string    `rb:"failed" doc:"Jobs (namespace/name) that have failed for good: their condition Failed is True."`
	Truncated bool        `rb:"truncated" doc:"Whether there are more jobs than limit."`
}

type jobResult struct {
	Name        string    `rb:"name" doc:"The job's name."`
	Namespace   string    `rb:"namespace" doc:"Its namespace."`
	Active      int       `rb:"active" doc:"How many of its pods are under way."`
	Succeeded   int       `rb:"succeeded" doc:"How many of its pods succeeded."`
	Failed      int       `rb:"failed" doc:"How many of its pods failed; the job may try again."`
	Complete    bool      `rb:"complete" doc:"Whether its condition Complete is True."`
	StartedAt   time.Time `rb:"started_at" doc:"When it started; null: not yet."`
	CompletedAt time.Time `rb:"completed_at" doc:"When it completed; null: it has not."`
}

func jobsAction() provider.Action {
	return read(provider.Definition[*client, jobsArgs, jobsResult]{
		Name: "kubernetes_jobs", Doc: "Lists jobs and how they ended.",
		Run: runJobs,
		Summarize: func(r *jobsResult) string {
			if r.Count == 0 {
				return "no jobs"
			}
			return fmt.Sprintf("%s, %d failed", counted(r.Count, "job"), len(r.Failed))
		},
	})
}

func runJobs(ctx context.Context, in *provider.In[*client, jobsArgs]) (*jobsResult, error) {
	q := query{
		resource: jobs, namespace: in.Client.scope(in.Args.Namespace),
		labelSelector: in.Args.LabelSelector, limit: max(in.Args.Limit, 1),
	}
	items, truncated, err := listChecked(ctx, in.Client, in.Warn, q, func(l *batchv1.JobList) []batchv1.Job { return l.Items })
	if err != nil {
		return nil, err
	}
	of := func(j *batchv1.Job) place { return place{j.Namespace, j.Name} }
	sortByPlace(items, of)
	result := &jobsResult{Jobs: make([]jobResult, len(items)), Count: len(items), Truncated: truncated}
	for i := range items {
		result.Jobs[i] = describeJob(&items[i])
	}
	result.Failed = namesOf(items, of, func(j *batchv1.Job) bool { return jobCondition(j, batchv1.JobFailed) })
	return result, nil
}

func describeJob(j *batchv1.Job) jobResult {
	return jobResult{
		Name: j.Name, Namespace: j.Namespace, Active: int(j.Status.Active), Succeeded: int(j.Status.Succeeded),
		Failed: int(j.Status.Failed), Complete: jobCondition(j, batchv1.JobComplete),
		StartedAt: timeOf(j.Status.StartTime), CompletedAt: timeOf(j.Status.CompletionTime),
	}
}

func jobCondition(j *batchv1.Job, t batchv1.JobConditionType) bool {
	for _, c := range j.Status.Conditions {
		if c.Type == t {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// timeOf is the zero time, which the language shows as null, where there is none.
func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
