package prometheus

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/e82355ed/runbook/engine/provider"
)

type alertsArgs struct {
	State  string            `rb:"state" one_of:"firing,pending" doc:"Only alerts in this state."`
	Labels map[string]string `rb:"labels" doc:"Only alerts that have all these labels; alertname is the name."`
	Limit  int               `rb:"limit" default:"1000" doc:"At most so many alerts are returned."`
}

type alertsResult struct {
	Alerts    []alert `rb:"alerts" doc:"Alerts, by name and labels."`
	Count     int     `rb:"count" doc:"How many alerts are returned."`
	Truncated bool    `rb:"truncated" doc:"Whether there are more than limit."`
}

type alert struct {
	Name        string            `rb:"name" doc:"Name of the rule."`
	State       string            `rb:"state" doc:"State: firing or pending."`
	Labels      map[string]string `rb:"labels" doc:"Labels."`
	Annotations map[string]string `rb:"annotations" doc:"Annotations, such as summary."`
	ActiveAt    time.Time         `rb:"active_at" doc:"Since when the condition holds."`
	Value       *float64          `rb:"value" doc:"Value of the condition; null for NaN and the infinities."`
}

func alerts() provider.Action {
	return provider.Define(provider.Definition[*client, alertsArgs, alertsResult]{
		Name: "prometheus_alerts", Doc: "Lists the alerts that are firing or pending.",
		Run: runAlerts,
		Summarize: func(r *alertsResult) string {
			if r.Count == 0 {
				return "no alerts"
			}
			firing := 0
			for _, a := range r.Alerts {
				if a.State == string(v1.AlertStateFiring) {
					firing++
				}
			}
			return counted(r.Count, "alert", "alerts", r.Truncated) + ", " + strconv.Itoa(firing) + " firing"
		},
	})
}

func runAlerts(ctx context.Context, in *provider.In[*client, alertsArgs]) (*alertsResult, error) {
	answer, err := in.Client.api.Alerts(ctx)
	if err != nil {
		return nil, in.Client.explain(ctx, "list alerts", err)
	}
	slices.SortFunc(answer.Alerts, func(a, b v1.Alert) int {
		return cmp.Or(cmp.Compare(a.Labels[model.AlertNameLabel], b.Labels[model.AlertNameLabel]),
			cmp.Compare(a.Labels.String(), b.Labels.String()))
	})
	var list []alert
	for _, a := range answer.Alerts {
		if in.Args.State != "" && string(a.State) != in.Args.State || !has(a.Labels, in.Args.Labels) {
			continue
		}
		one := alert{
			Name: string(a.Labels[model.AlertNameLabel]), State: string(a.State), Labels: labels(a.Labels),
			Annotations: labels(a.Annotations), ActiveAt: a.ActiveAt,
		}
		if value, err := strconv.ParseFloat(a.Value, 64); err == nil {
			one.Value = &value
		} else {
			in.Warn("the value %q of the alert %s is no number, which is null here", a.Value, one.Name)
		}
		list = append(list, one)
	}
	r := &alertsResult{}
	r.Alerts, r.Truncated = cut(list, in.Args.Limit)
	r.Count = len(r.Alerts)
	return r, nil
}

// has reports whether a set holds all the wanted labels.
func has(set model.LabelSet, wanted map[string]string) bool {
	for name, value := range wanted {
		if got, ok := set[model.LabelName(name)]; !ok || string(got) != value {
			return false
		}
	}
	return true
}
