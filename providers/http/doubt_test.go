package http

import (
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestStatusesThatLeaveADoubt: what stands before a service answers for it, and does not know what it did. A read changes nothing, and a
// status that is expected is the author's word that it tells.
func TestStatusesThatLeaveADoubt(t *testing.T) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	doubtful := []int{408, 502, 503, 504, 520, 522, 524}
	for _, status := range append([]int{400, 401, 403, 404, 409, 412, 422, 425, 429, 500, 501, 521, 523, 525, 526}, doubtful...) {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			for _, expected := range [][]int{nil, {201}, {status}} {
				args := providertest.Values{"url": str(fmt.Sprintf("%s/%d", server.URL, status)), "method": str(method)}
				if expected != nil {
					args["expected_status"] = cty.ListVal([]cty.Value{cty.NumberIntVal(int64(expected[0]))})
				}
				r, err := do(t, nil, args, false)
				if err != nil {
					t.Fatal(err)
				}
				fails := !slices.Contains(expected, status)
				doubt := fails && method != "GET" && slices.Contains(doubtful, status)
				if got := r.Failure; (got != nil) != fails || got != nil && (got.InDoubt != doubt || strings.Contains(got.Message, "gateway may say so") != doubt) {
					t.Errorf("%s answered %d, expected %v: %+v", method, status, expected, got)
				}
			}
		}
	}
}

// TestARefusalDoesNotTellOfTheAttemptBefore: the first of two attempts had no answer, and that the second is refused says nothing about it,
// unless the server takes both for one or somebody has judged the first since.
func TestARefusalDoesNotTellOfTheAttemptBefore(t *testing.T) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/away" {
			nethttp.Redirect(w, r, "http://other.invalid/", nethttp.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(nethttp.StatusConflict)
	}))
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		path       string
		earlier    *provider.Sent
		idempotent bool
		want       bool
	}{
		"the first":     {path: "/x"},
		"after another": {path: "/x", earlier: &provider.Sent{Key: "k"}, want: true},
		"redirected":    {path: "/away", earlier: &provider.Sent{Key: "k"}, want: true},
		"judged":        {path: "/x", earlier: &provider.Sent{Key: "k", Judged: true}},
		"idempotent":    {path: "/x", earlier: &provider.Sent{Key: "k"}, idempotent: true},
	} {
		t.Run(name, func(t *testing.T) {
			args := providertest.Values{"url": str(server.URL + test.path), "method": str("POST"), "idempotent": cty.BoolVal(test.idempotent)}
			r, err := attempt(t, nil, args, func(call *provider.Call) { call.Earlier = test.earlier })
			if err != nil {
				t.Fatal(err)
			}
			if r.Failure == nil || r.Failure.InDoubt != test.want {
				t.Errorf("got %+v", r.Failure)
			}
		})
	}
}
