package postgres

import (
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func TestDeclarations(t *testing.T) { providertest.Declarations(t, New()) }

func TestDecodeText(t *testing.T) {
	for text, want := range map[string]string{
		"0001-01-01 00:00:00 BC":       "0001-01-01 00:00:00 BC",
		"12026-01-01 00:00:00+00":      "12026-01-01 00:00:00+00",
		"1883-11-18 12:03:57-07:52:58": "1883-11-18T19:56:55Z",
	} {
		if got, err := decodeTime(text); err != nil || got.AsString() != want {
			t.Errorf("%s is %#v, %v", text, got, err)
		}
	}
	if got, err := decodeBytes(`a\\\001`); err != nil || got.AsString() != "YVwB" {
		t.Errorf("escaped bytes are %#v, %v", got, err)
	}
	for _, text := range []string{"", "{", "{1", "{1,}", "{1}x", `{"a`, "[1:2]", "1"} {
		if got, err := decodeArray(text, numberDecoder); err == nil {
			t.Errorf("the array %q is %#v", text, got)
		}
	}
}

func TestPosition(t *testing.T) {
	for at, want := range map[int][2]int{1: {1, 1}, 3: {1, 3}, 5: {2, 1}, 7: {2, 3}} {
		if line, column := position("aé\u00a0\nbcd", at); line != want[0] || column != want[1] {
			t.Errorf("%d is line %d, column %d", at, line, column)
		}
	}
}

func TestSummaries(t *testing.T) {
	if got := shortVersion("PostgreSQL 15.18 (Debian 15.18-1) on x86_64"); got != "PostgreSQL 15.18" {
		t.Error(got)
	}
	if got := bytesText(8 << 20); got != "8.0 MiB" {
		t.Error(got)
	}
	if got := milliseconds(1500 * time.Microsecond); got != 1.5 {
		t.Error(got)
	}
	if got := passwords.ReplaceAllString("ALTER ROLE a PASSWORD 'it''s' VALID", "$1 '(sensitive)'"); got != "ALTER ROLE a PASSWORD '(sensitive)' VALID" {
		t.Error(got)
	}
}
