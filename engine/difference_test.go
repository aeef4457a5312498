package engine

import (
	"strings"
	"testing"
)

// TestDifferenceIsShort: what differs is told with what it is assigned to, cut where it is long, and with no secret in it.
func TestDifferenceIsShort(t *testing.T) {
	t.Parallel()
	blank := func(text []byte) []byte { return []byte(strings.ReplaceAll(string(text), "two  words", "(sensitive)")) }
	for was, want := range map[[2]string]string{
		{`timeout = " 10m " `, `timeout = " 5m " `}:                         `: timeout = "10m" is now timeout = "5m"`,
		{`replicas = 3 }`, `replicas = var . n }`}:                          `: replicas = 3 is now replicas = var.n`,
		{`a = 1 }`, `a = 1 b = 2 }`}:                                        `: a = 1 is now a = 1 b = 2`,
		{`key = sensitive ( " two  words " )`, `key = sensitive ( " x " )`}: `: key = sensitive("(sensitive)" is now key = sensitive("x"`,
		{`a = " ` + strings.Repeat("long ", 20) + `" `, `a = " short " `}:   `: a = "long long long long long long long long long long long … is now a = "short"`,
	} {
		if got := (difference{blank: blank}).texts([]byte(was[0]), []byte(was[1])); got != want {
			t.Errorf("%q: got %q, want %q", was, got, want)
		}
	}
}
