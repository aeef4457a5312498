package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAsk(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	for path, failed := range map[string]string{"/health": "", "/slow": "", "/nowhere": "/nowhere"} {
		err := ask(server.URL+path, 20, 4)
		if (err != nil) != (failed != "") || err != nil && !strings.Contains(err.Error(), failed) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestServeEndsWithItsInput(t *testing.T) {
	var out strings.Builder
	if err := serve(strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "http://127.0.0.1:") {
		t.Errorf("got %q", out.String())
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"serve", "more"}, {"ask", "url", "many", "1"}, {"ask", "url", "1", "few"}} {
		if err := run(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
