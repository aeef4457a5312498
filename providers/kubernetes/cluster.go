package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/version"

	"github.com/e82355ed/runbook/engine/provider"
)

type clusterArgs struct{}

type clusterResult struct {
	Version  string         `rb:"version" doc:"The API server's version, such as v1.37.2."`
	Endpoint string         `rb:"endpoint" doc:"The API server's URL."`
	Live     bool           `rb:"live" doc:"Whether the API server's /livez says that it lives."`
	Ready    bool           `rb:"ready" doc:"Whether the API server's /readyz says that it serves."`
	Checks   []clusterCheck `rb:"checks" doc:"The checks behind ready, by name."`
}

type clusterCheck struct {
	Name    string `rb:"name" doc:"The check's name, such as etcd."`
	OK      bool   `rb:"ok" doc:"Whether it holds."`
	Message string `rb:"message" doc:"What the server says of it."`
}

func clusterAction() provider.Action {
	return read(provider.Definition[*client, clusterArgs, clusterResult]{
		Name: "kubernetes_cluster", Doc: "Asks the API server for its version and health.",
		Run: runCluster,
		Summarize: func(r *clusterResult) string {
			state := "ready"
			if !r.Ready {
				state = "not ready"
			}
			return fmt.Sprintf("%s, %s", r.Version, state)
		},
	})
}

func runCluster(ctx context.Context, in *provider.In[*client, clusterArgs]) (*clusterResult, error) {
	c := in.Client
	result := &clusterResult{Endpoint: c.cluster.endpoint}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		var v version.Info
		err := getJSON(groupCtx, c.ask("GET").AbsPath("/version"), &v)
		result.Version = v.GitVersion
		return err
	})
	group.Go(func() (err error) {
		result.Live, _, err = c.healthy(groupCtx, "/livez", "")
		return err
	})
	group.Go(func() (err error) {
		var body string
		result.Ready, body, err = c.healthy(groupCtx, "/readyz", "verbose")
		result.Checks = healthChecks(body)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, c.explain(ctx, "ask the API server for its health", err)
	}
	return result, nil
}

// healthy asks a health endpoint. An answer that is not about health (a refusal, a gateway's page) is an error.
func (c *client) healthy(ctx context.Context, path, parameters string) (bool, string, error) {
	status, body, err := c.text(ctx, path, parameters)
	if err != nil {
		return false, "", err
	}
	switch status {
	case http.StatusOK:
		return true, body, nil
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		return false, body, nil
	}
	return false, "", statusError(status, "GET", path)
}

// healthChecks reads the lines "[+]ping ok" and "[-]etcd failed: reason withheld".
func healthChecks(body string) []clusterCheck {
	var checks []clusterCheck
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		said, holds := strings.CutPrefix(line, "[+]")
		if !holds {
			var fails bool
			if said, fails = strings.CutPrefix(line, "[-]"); !fails {
				continue
			}
		}
		name, message, _ := strings.Cut(said, " ")
		checks = append(checks, clusterCheck{Name: name, OK: holds, Message: message})
	}
	slices.SortFunc(checks, func(a, b clusterCheck) int { return cmp.Compare(a.Name, b.Name) })
	return checks
}
