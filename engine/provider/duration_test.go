package provider_test

import (
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestTold(t *testing.T) {
	for d, want := range map[time.Duration]string{
		300 * time.Millisecond: "300ms", 2*time.Second + 123456*time.Nanosecond: "2s", 40 * time.Microsecond: "40µs", 0: "0s",
	} {
		if got := provider.Told(d).String(); got != want {
			t.Errorf("%v is told as %s, want %s", d, got, want)
		}
	}
}
