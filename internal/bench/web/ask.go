package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// ask sends count requests over as many connections as run at once.
func ask(url string, count, parallel int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: parallel, MaxConnsPerHost: parallel}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var group errgroup.Group
	for range parallel {
		group.Go(func() error {
			for next.Add(1) <= int64(count) {
				if err := askOnce(client, url); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func askOnce(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read; closing tells nothing more
	var body struct {
		Status string `json:"status"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK || body.Status != "healthy" {
		return fmt.Errorf("%s answers %s, status %q", url, answer.Status, body.Status)
	}
	return nil
}
