package prometheus

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/e82355ed/runbook/engine/provider"
)

type sloArgs struct {
	ObjectivePercent float64       `rb:"objective_percent,required" check:"objective" doc:"Share of requests that must be good, above 0 and below 100."`
	Window           time.Duration `rb:"window,required" check:"positive" doc:"Time that the objective is about; the ranges in errors and total should be as long."`
	Errors           string        `rb:"errors,required" check:"promql" doc:"PromQL rate of the bad requests; no series counts as 0."`
	Total            string        `rb:"total,required" check:"promql" doc:"PromQL rate of all requests."`
}

type sloResult struct {
	AchievedPercent  *float64 `rb:"achieved_percent" doc:"Share of the requests that were good: 100 × (1 − errors/total); null without requests."`
	RemainingPercent *float64 `rb:"error_budget_remaining_percent" doc:"What is left of the errors that the objective permits; negative when overspent."`
	BurnRate         *float64 `rb:"burn_rate" doc:"Errors as a multiple of what the objective permits; at 1 the budget is spent at the end of the window."`
	BadMinutes       *float64 `rb:"bad_minutes" doc:"Time of a full outage that would have done as much: errors/total × window."`
}

func slo() provider.Action {
	return provider.Define(provider.Definition[*client, sloArgs, sloResult]{
		Name: "prometheus_slo", Doc: "Compares the share of good requests with an objective.",
		Run: runSLO,
		Summarize: func(r *sloResult) string {
			if r.AchievedPercent == nil {
				return "no requests to judge"
			}
			return fmt.Sprintf("%.4g%% achieved, %.3g%% of the error budget left", *r.AchievedPercent, *r.RemainingPercent)
		},
	})
}

func checkObjective(value string) error {
	if percent, err := strconv.ParseFloat(value, 64); err != nil || percent <= 0 || percent >= 100 {
		return fmt.Errorf("it is %s; write a percentage above 0 and below 100, such as 99.9", value)
	}
	return nil
}

func runSLO(ctx context.Context, in *provider.In[*client, sloArgs]) (*sloResult, error) {
	args := in.Args
	switch {
	case args.ObjectivePercent <= 0 || args.ObjectivePercent >= 100:
		return nil, wrong("slo", "objective_percent is %g, expected above 0 and below 100", args.ObjectivePercent)
	case args.Window <= 0:
		return nil, wrong("slo", "window is %s, expected more than 0", args.Window)
	}
	for _, e := range []struct{ name, text string }{{"errors", args.Errors}, {"total", args.Total}} {
		for _, back := range ranges(e.text) {
			if back != args.Window {
				in.Warn("%s looks back over %s, the window is %s: the result is about what it looks back over",
					e.name, model.Duration(back), model.Duration(args.Window))
			}
		}
	}
	at := time.Now() // one moment for both, so that they are about the same requests
	total, ok, err := in.Client.number(ctx, "total", args.Total, at, in.Warn)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &provider.Error{Op: "slo", Endpoint: in.Client.endpoint,
			Err: fmt.Errorf("total gives no series: %s", short(args.Total)), Hint: "Is the metric's name right, and is it scraped?"}
	}
	errors, _, err := in.Client.number(ctx, "errors", args.Errors, at, in.Warn)
	if err != nil {
		return nil, err
	}
	if total == 0 {
		in.Warn("total is 0: there were no requests to judge")
		return &sloResult{}, nil
	}
	return objective(errors/total, args.ObjectivePercent, args.Window), nil
}

// objective judges a share of bad requests, 0 to 1.
func objective(bad, percent float64, window time.Duration) *sloResult {
	achieved := 100 * (1 - bad)
	burn := 100 * bad / (100 - percent)
	remaining := 100 * (1 - burn)
	minutes := bad * window.Minutes()
	return &sloResult{AchievedPercent: &achieved, BurnRate: &burn, RemainingPercent: &remaining, BadMinutes: &minutes}
}

// number evaluates an expression that must give one series at most; false means none.
func (c *client) number(ctx context.Context, name, text string, at time.Time, warn func(string, ...any)) (float64, bool, error) {
	list, warnings, err := c.instant(ctx, text, at, warn)
	if err != nil {
		return 0, false, err
	}
	for _, w := range warnings {
		warn("%s: %s", name, w)
	}
	switch {
	case len(list) > 1:
		return 0, false, &provider.Error{Op: "slo", Endpoint: c.endpoint, Permanent: true,
			Err: fmt.Errorf("%s gives %d series, expected one; put sum(…) around it: %s", name, len(list), short(text))}
	case len(list) == 0:
		return 0, false, nil
	case list[0].Value == nil || math.IsNaN(*list[0].Value) || math.IsInf(*list[0].Value, 0):
		return 0, false, &provider.Error{Op: "slo", Endpoint: c.endpoint, Permanent: true,
			Err: fmt.Errorf("%s gives no number: %s", name, short(text))}
	}
	return *list[0].Value, true, nil
}
