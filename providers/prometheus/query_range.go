package prometheus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/e82355ed/runbook/engine/provider"
)

// maxPoints is the most that a server gives of one series ("exceeded maximum resolution", web/api/v1 of Prometheus).
const maxPoints = 11000

type rangeArgs struct {
	Query string        `rb:"query,required" check:"promql" doc:"PromQL expression that gives an instant vector or a scalar."`
	Start string        `rb:"start,required" check:"moment" doc:"First moment, RFC 3339 or seconds since 1970."`
	End   string        `rb:"end,required" check:"moment" doc:"Last moment, as start."`
	Step  time.Duration `rb:"step,required" check:"positive" doc:"Time between two evaluations."`
	Limit int           `rb:"limit" default:"1000" doc:"At most so many series are returned."`
}

type rangeResult struct {
	Series    []line   `rb:"series" doc:"One element a series, by labels."`
	Count     int      `rb:"count" doc:"How many series are returned."`
	Truncated bool     `rb:"truncated" doc:"Whether there are more than limit."`
	Warnings  []string `rb:"warnings" doc:"What the server remarked."`
}

type line struct {
	Labels map[string]string `rb:"labels" doc:"Labels, the metric's name as __name__."`
	Values []point           `rb:"values" doc:"Values by time."`
}

type point struct {
	At    time.Time `rb:"at" doc:"Moment of evaluation."`
	Value float64   `rb:"value" doc:"Value; null for NaN and the infinities."`
}

func queryRange() provider.Action {
	return provider.Define(provider.Definition[*client, rangeArgs, rangeResult]{
		Name: "prometheus_query_range", Doc: "Evaluates a PromQL expression at moments of equal distance.",
		Run: runQueryRange, Misfits: rangeMisfits,
		Summarize: func(r *rangeResult) string {
			points := 0
			for _, s := range r.Series {
				points += len(s.Values)
			}
			return counted(r.Count, "series", "series", r.Truncated) + ", " + counted(points, "value", "values", false)
		},
	})
}

func runQueryRange(ctx context.Context, in *provider.In[*client, rangeArgs]) (*rangeResult, error) {
	op := "query " + short(in.Args.Query)
	span, err := in.Args.span(op)
	if err != nil {
		return nil, err
	}
	value, warnings, infos, err := in.Client.api.QueryRange(ctx, in.Args.Query, span)
	if err != nil {
		return nil, in.Client.explain(ctx, op, err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, wrong(op, "it gives %T, where a range of values is wanted", value)
	}
	slices.SortFunc(matrix, func(a, b *model.SampleStream) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
	r := &rangeResult{Warnings: slices.Concat([]string(warnings), []string(infos))}
	matrix, r.Truncated = cut(matrix, in.Args.Limit)
	for _, stream := range matrix {
		if len(stream.Histograms) > 0 {
			in.Warn("%s holds native histograms, which are left out; take histogram_quantile(…) of it", stream.Metric)
		}
		l := line{Labels: labels(model.LabelSet(stream.Metric)), Values: make([]point, len(stream.Values))}
		for i, pair := range stream.Values {
			l.Values[i] = point{At: pair.Timestamp.Time(), Value: float64(pair.Value)}
		}
		r.Series = append(r.Series, l)
	}
	r.Count = len(r.Series)
	return r, nil
}

// rangeMisfits finds moments in the wrong order, and more values than a server gives.
func rangeMisfits(args *rangeArgs, known provider.Known) map[string]string {
	if !known("start") || !known("end") || !known("step") || args.Step < time.Millisecond {
		return nil // what is wrong with one alone is told there
	}
	start, err := moment(args.Start)
	end, endErr := moment(args.End)
	switch {
	case err != nil || endErr != nil:
	case end.Before(start):
		return map[string]string{"end": fmt.Sprintf("end %s is before start %s; swap the two", end.UTC().Format(time.RFC3339), start.UTC().Format(time.RFC3339))}
	case end.Sub(start)/args.Step > maxPoints:
		return map[string]string{"step": fmt.Sprintf("%d values a series are asked for, of at most %d; make step at least %s",
			end.Sub(start)/args.Step, maxPoints, ((end.Sub(start)+maxPoints-1)/maxPoints).Round(time.Millisecond)+time.Millisecond)}
	}
	return nil
}

// span reads the moments and refuses what the server would.
func (a *rangeArgs) span(op string) (v1.Range, error) {
	start, err := moment(a.Start)
	if err != nil {
		return v1.Range{}, wrong(op, "start: %w", err)
	}
	end, err := moment(a.End)
	switch {
	case err != nil:
		return v1.Range{}, wrong(op, "end: %w", err)
	case a.Step < time.Millisecond:
		return v1.Range{}, wrong(op, "step is %s, expected at least 1ms", a.Step)
	case end.Before(start):
		return v1.Range{}, wrong(op, "end %s is before start %s", end.Format(time.RFC3339), start.Format(time.RFC3339))
	case end.Sub(start)/a.Step > maxPoints:
		return v1.Range{}, wrong(op, "%d values a series are asked for, of at most %d; make step longer than %s",
			end.Sub(start)/a.Step, maxPoints, a.Step)
	}
	return v1.Range{Start: start, End: end, Step: a.Step}, nil
}
