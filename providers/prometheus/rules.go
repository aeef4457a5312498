package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/provider"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

type rulesArgs struct {
	State string `rb:"state" one_of:"firing,pending,inactive" doc:"Only alerting rules in this state."`
	Type  string `rb:"type" one_of:"alert,record" doc:"Only rules of this type."`
	Limit int    `rb:"limit" default:"1000" doc:"At most so many rules are returned."`
}

type rulesResult struct {
	Rules     []rule `rb:"rules" doc:"Rules, by group and name."`
	Count     int    `rb:"count" doc:"How many rules are returned."`
	Truncated bool   `rb:"truncated" doc:"Whether there are more than limit."`
}

type rule struct {
	Group     string  `rb:"group" doc:"Name of its group."`
	Name      string  `rb:"name" doc:"Name of the alert or of the recorded metric."`
	Type      string  `rb:"type" doc:"Type: alert or record."`
	State     *string `rb:"state" doc:"State of an alerting rule: firing, pending or inactive; else null."`
	Health    string  `rb:"health" doc:"How its last evaluation went: ok, err, or unknown."`
	Query     string  `rb:"query" doc:"Its PromQL."`
	LastError string  `rb:"last_error" doc:"Why its last evaluation failed; empty when it did not."`
}

func rules() provider.Action {
	return provider.Define(provider.Definition[*client, rulesArgs, rulesResult]{
		Name: "prometheus_rules", Doc: "Lists the alerting and recording rules.",
		Run: runRules,
		Summarize: func(r *rulesResult) string {
			sick := 0
			for _, rule := range r.Rules {
				if rule.Health == string(v1.RuleHealthBad) {
					sick++
				}
			}
			return fmt.Sprintf("%s, %d in error", counted(r.Count, "rule", "rules", r.Truncated), sick)
		},
	})
}

func runRules(ctx context.Context, in *provider.In[*client, rulesArgs]) (*rulesResult, error) {
	answer, err := in.Client.api.Rules(ctx, nil)
	if err != nil {
		return nil, in.Client.explain(ctx, "list rules", err)
	}
	var list []rule
	for _, group := range answer.Groups {
		for _, r := range group.Rules {
			one := ruleOf(group.Name, r)
			if in.Args.Type != "" && one.Type != in.Args.Type ||
				in.Args.State != "" && (one.State == nil || *one.State != in.Args.State) {
				continue
			}
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Query, b.Query))
	})
	r := &rulesResult{}
	r.Rules, r.Truncated = cut(list, in.Args.Limit)
	r.Count = len(r.Rules)
	return r, nil
}

// ruleOf reads one of the two kinds of rules that the API gives.
func ruleOf(group string, r any) rule {
	switch r := r.(type) {
	case v1.AlertingRule:
		return rule{Group: group, Name: r.Name, Type: "alert", State: &r.State, Health: string(r.Health),
			Query: r.Query, LastError: r.LastError}
	case v1.RecordingRule:
		return rule{Group: group, Name: r.Name, Type: "record", Health: string(r.Health), Query: r.Query, LastError: r.LastError}
	}
	return rule{Group: group, Type: fmt.Sprintf("%T", r)}
}
