package prometheus

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/e82355ed/runbook/engine/provider"
)

type queryArgs struct {
	Query string `rb:"query,required" check:"promql" doc:"PromQL expression that gives an instant vector or a scalar."`
	Time  string `rb:"time" check:"moment" doc:"When to evaluate it, RFC 3339 or seconds since 1970; by default now."`
	Limit int    `rb:"limit" default:"1000" doc:"At most so many series are returned."`
}

type queryResult struct {
	Value     *float64 `rb:"value" doc:"Value where there is exactly one series, else null."`
	Series    []series `rb:"series" doc:"One element a series, by labels; a scalar is one without labels."`
	Count     int      `rb:"count" doc:"How many series are returned."`
	Truncated bool     `rb:"truncated" doc:"Whether there are more than limit."`
	Warnings  []string `rb:"warnings" doc:"What the server remarked."`
}

type series struct {
	Labels map[string]string `rb:"labels" doc:"Labels, the metric's name as __name__."`
	Value  *float64          `rb:"value" doc:"Value; null for NaN, an infinity or a native histogram."`
	At     time.Time         `rb:"at" doc:"Moment of evaluation."`
}

func query() provider.Action {
	return provider.Define(provider.Definition[*client, queryArgs, queryResult]{
		Name: "prometheus_query", Doc: "Evaluates a PromQL expression at one moment.",
		Run: runQuery, Summarize: summarizeQuery,
	})
}

func runQuery(ctx context.Context, in *provider.In[*client, queryArgs]) (*queryResult, error) {
	at := time.Now()
	if in.Args.Time != "" {
		var err error
		if at, err = moment(in.Args.Time); err != nil {
			return nil, wrong("query", "time: %w", err)
		}
	}
	list, warnings, err := in.Client.instant(ctx, in.Args.Query, at, in.Warn)
	if err != nil {
		return nil, err
	}
	r := &queryResult{Series: list, Warnings: warnings}
	if len(list) == 1 {
		r.Value = list[0].Value
	}
	r.Series, r.Truncated = cut(list, in.Args.Limit)
	r.Count = len(r.Series)
	return r, nil
}

// instant evaluates an expression and sorts the series by labels.
func (c *client) instant(ctx context.Context, text string, at time.Time, warn func(string, ...any)) ([]series, []string, error) {
	op := "query " + short(text)
	value, warnings, infos, err := c.api.Query(ctx, text, at)
	if err != nil {
		return nil, nil, c.explain(ctx, op, err)
	}
	remarks := slices.Concat([]string(warnings), []string(infos))
	switch v := value.(type) {
	case model.Vector:
		slices.SortFunc(v, func(a, b *model.Sample) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
		list := make([]series, len(v))
		for i, sample := range v {
			list[i] = series{Labels: labels(model.LabelSet(sample.Metric)), At: sample.Timestamp.Time()}
			if sample.Histogram != nil {
				warn("%s is a native histogram, which is null here; take histogram_quantile(…) of it", sample.Metric)
				continue
			}
			list[i].Value = (*float64)(&sample.Value)
		}
		return list, remarks, nil
	case *model.Scalar:
		return []series{{Value: (*float64)(&v.Value), At: v.Timestamp.Time()}}, remarks, nil
	}
	return nil, nil, wrong(op, "it gives %T, where an instant vector or a scalar is wanted", value)
}

func labels(set model.LabelSet) map[string]string {
	out := make(map[string]string, len(set))
	for name, value := range set {
		out[string(name)] = string(value)
	}
	return out
}

// cut bounds a list that is sorted. A limit below one means one.
func cut[T any](list []T, limit int) ([]T, bool) {
	if limit = max(limit, 1); len(list) > limit {
		return list[:limit], true
	}
	return list, false
}

func summarizeQuery(r *queryResult) string {
	if r.Value != nil {
		if math.IsNaN(*r.Value) || math.IsInf(*r.Value, 0) {
			return "the value is not a finite number"
		}
		return "value " + strconv.FormatFloat(*r.Value, 'g', 6, 64)
	}
	return counted(r.Count, "series", "series", r.Truncated)
}

// counted is a number of things for a person.
func counted(n int, one, many string, truncated bool) string {
	noun := many
	if n == 1 {
		noun = one
	}
	if truncated {
		return fmt.Sprintf("the first %d %s", n, noun)
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// short is an expression on one line, cut for an error's text.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + " …"
	}
	return text
}
