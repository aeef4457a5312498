package view_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// TestPlacesThatLookTheSame are one line: which they are is secret, and that they are several is not.
func TestPlacesThatLookTheSame(t *testing.T) {
	h := &run.Header{Runbook: "morning", Targets: []run.Target{
		{Provider: "http", Target: "https://api.example.com", Place: "https://api.example.com/a"},
		{Provider: "postgres", Target: "db:5432/orders as app"},
		{Provider: "http", Target: "https://api.example.com", Place: "https://api.example.com/b"},
		{Provider: "http.eu", Target: "https://api.example.com"},
	}}
	want := []string{
		"http         https://api.example.com (2 places, which differ in what is not shown)",
		"postgres     db:5432/orders as app",
		"http.eu      https://api.example.com",
	}
	var got []string
	for _, line := range view.Header(h, view.Config{}) {
		if strings.Contains(line, "example.com") || strings.Contains(line, "5432") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
