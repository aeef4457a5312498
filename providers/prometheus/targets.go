package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type targetsArgs struct {
	Job   string `rb:"job" doc:"Only targets of this job."`
	Limit int    `rb:"limit" default:"1000" doc:"At most so many targets are returned."`
}

type targetsResult struct {
	Targets   []scraped `rb:"targets" doc:"Targets that are scraped, by job and instance."`
	Count     int       `rb:"count" doc:"How many targets are returned."`
	Up        int       `rb:"up" doc:"How many of all targets answered the last scrape."`
	Down      []string  `rb:"down" doc:"Instances of all targets that did not, sorted."`
	Truncated bool      `rb:"truncated" doc:"Whether there are more targets than limit."`
}

type scraped struct {
	Job        string    `rb:"job" doc:"Job."`
	Instance   string    `rb:"instance" doc:"Instance, usually host and port."`
	Health     string    `rb:"health" doc:"Health: up, down, or unknown before the first scrape."`
	LastError  string    `rb:"last_error" doc:"Why the last scrape failed; empty when it did not."`
	LastScrape time.Time `rb:"last_scrape_at" doc:"When it was scraped last; null before the first scrape."`
}

func targets() provider.Action {
	return provider.Define(provider.Definition[*client, targetsArgs, targetsResult]{
		Name: "prometheus_targets", Doc: "Lists what the server scrapes, and how that went.",
		Run: runTargets,
		Summarize: func(r *targetsResult) string {
			return fmt.Sprintf("%d up, %d down", r.Up, len(r.Down))
		},
	})
}

func runTargets(ctx context.Context, in *provider.In[*client, targetsArgs]) (*targetsResult, error) {
	answer, err := in.Client.api.Targets(ctx)
	if err != nil {
		return nil, in.Client.explain(ctx, "list targets", err)
	}
	r := &targetsResult{}
	var list []scraped
	for _, t := range answer.Active {
		one := scraped{
			Job: string(t.Labels["job"]), Instance: string(t.Labels["instance"]), Health: string(t.Health),
			LastError: t.LastError, LastScrape: t.LastScrape,
		}
		if in.Args.Job != "" && one.Job != in.Args.Job {
			continue
		}
		list = append(list, one)
		switch t.Health {
		case v1.HealthGood:
			r.Up++
		case v1.HealthBad:
			r.Down = append(r.Down, one.Instance)
		}
	}
	slices.Sort(r.Down)
	slices.SortStableFunc(list, func(a, b scraped) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Instance, b.Instance))
	})
	r.Targets, r.Truncated = cut(list, in.Args.Limit)
	r.Count = len(r.Targets)
	return r, nil
}
