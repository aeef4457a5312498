package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// A step that gets no connection in time names the steps that use them, and no more those that have given theirs back.
func TestWhoHoldsTheConnections(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, pt.Values{"url": cty.StringVal(u.String()), "max_connections": cty.NumberIntVal(2)}, nil)
	run := func(ctx context.Context, action, statement string, effect provider.Effect) error {
		a := s.provider.Action(action)
		_, err := a.Run(ctx, &provider.Call{Client: s.client, Args: object(t, a.Spec().Args(), sql(statement)), Effect: effect})
		return err
	}
	watch := connect(t, block(u.String()), nil)
	if err := run(provider.ForStep(t.Context(), "early"), "postgres_query", "SELECT 1 AS one", provider.Read); err != nil {
		t.Fatal(err)
	}
	long, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() {
		ended <- run(provider.ForStep(long, `vacuum["eu"]`), "postgres_exec", "SELECT pg_sleep(61.25)", provider.Write)
	}()
	go func() {
		ended <- run(provider.ForStep(long, "report"), "postgres_query", "SELECT pg_sleep(61.25)", provider.Write)
	}()
	for watch.one("SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61.25)' AND pid <> pg_backend_pid()") != "2" {
		if t.Context().Err() != nil {
			t.Fatal("the statements never ran")
		}
	}
	short, cancel := context.WithTimeout(provider.ForStep(t.Context(), "look"), 300*time.Millisecond)
	defer cancel()
	err := run(short, "postgres_query", "SELECT 1 AS one", provider.Read)
	if err == nil || !strings.Contains(err.Error(), `wait for one of 2 connections, which the steps report and vacuum["eu"] use: no answer after `) {
		t.Errorf("error is %v", err)
	}
	stop()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	}
	if err := run(provider.ForStep(t.Context(), "late"), "postgres_query", "SELECT 1 AS one", provider.Read); err != nil {
		t.Error(err)
	}
}
