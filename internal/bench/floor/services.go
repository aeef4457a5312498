package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// versionSQL is what the runbook's step asks.
const versionSQL = `SELECT version(), current_setting('server_version_num'), current_database(), current_user, pg_is_in_recovery()`

// checkDatabase asks in a read-only transaction that is rolled back, in one round trip, as the runbook's step does.
func checkDatabase(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer func() {
		if cerr := conn.Close(ctx); err == nil && cerr != nil {
			err = fmt.Errorf("database: %w", cerr)
		}
	}()
	results, err := conn.PgConn().Exec(ctx, "BEGIN READ ONLY; "+versionSQL+"; ROLLBACK").ReadAll()
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if len(results) != 3 || len(results[1].Rows) != 1 {
		return fmt.Errorf("database: it did not tell its version")
	}
	if version := string(results[1].Rows[0][0]); !strings.HasPrefix(version, "PostgreSQL") {
		return fmt.Errorf("database: %q is not PostgreSQL", version)
	}
	return nil
}

func checkRedis(ctx context.Context, url string) (err error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return fmt.Errorf("redis: the URL is not valid")
	}
	options.DisableIdentity = true
	client := redis.NewClient(options)
	defer func() {
		if cerr := client.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("redis: %w", cerr)
		}
	}()
	answer, err := client.Ping(ctx).Result()
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	if answer != "PONG" {
		return fmt.Errorf("redis answers %q", answer)
	}
	return nil
}

// newHTTPClient makes a client of its own, so that its connections can be closed.
func newHTTPClient() *http.Client {
	return &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
}

func checkAPI(ctx context.Context, client *http.Client, url string) error {
	var health struct {
		Status string `json:"status"`
	}
	if err := getJSON(ctx, client, url+"/health", &health); err != nil {
		return fmt.Errorf("API: %w", err)
	}
	if health.Status != "healthy" {
		return fmt.Errorf("API: its status is %q", health.Status)
	}
	return nil
}

// checkTargets fails where nothing is scraped. Targets that are down are only worth a warning, as in the runbook.
func checkTargets(ctx context.Context, client *http.Client, url string) error {
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				Labels map[string]string `json:"labels"`
				Health string            `json:"health"`
			} `json:"activeTargets"`
		} `json:"data"`
	}
	if err := getJSON(ctx, client, url+"/api/v1/targets?state=active", &answer); err != nil {
		return fmt.Errorf("prometheus: %w", err)
	}
	if len(answer.Data.ActiveTargets) == 0 {
		return fmt.Errorf("prometheus scrapes nothing")
	}
	for _, t := range answer.Data.ActiveTargets {
		if t.Health == "down" {
			fmt.Println("not scraped:", t.Labels["instance"])
		}
	}
	return nil
}

func getJSON(ctx context.Context, client *http.Client, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read; closing tells nothing more
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
