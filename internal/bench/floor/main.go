package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// limit bounds the whole check.
const limit = 30 * time.Second

func main() {
	if err := run(context.Background(), os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes all calls at once and joins what they found wrong.
func run(ctx context.Context, env func(string) string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cluster := cluster{kubeconfig: env("KUBECONFIG"), namespace: "production"}
	http := newHTTPClient()
	defer http.CloseIdleConnections()
	checks := []func(context.Context) error{
		cluster.check,
		func(ctx context.Context) error { return checkDatabase(ctx, env("DATABASE_URL")) },
		func(ctx context.Context) error { return checkRedis(ctx, env("RUNBOOK_VAR_redis_url")) },
		func(ctx context.Context) error { return checkAPI(ctx, http, env("RUNBOOK_VAR_api_url")) },
		func(ctx context.Context) error { return checkTargets(ctx, http, env("RUNBOOK_VAR_prometheus_url")) },
		func(ctx context.Context) error {
			return checkCertificate(ctx, site{
				address: env("RUNBOOK_VAR_site_address"), name: env("RUNBOOK_VAR_site_server_name"),
				caFile: env("RUNBOOK_VAR_site_ca_file"),
			})
		},
		func(context.Context) error { return checkDisk("/") },
	}
	return together(ctx, checks)
}

// together runs the checks at once. One that fails ends none of the others.
func together(ctx context.Context, checks []func(context.Context) error) error {
	errs := make([]error, len(checks))
	var group errgroup.Group
	for i, check := range checks {
		group.Go(func() error {
			errs[i] = check(ctx)
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in errs
	return errors.Join(errs...)
}
