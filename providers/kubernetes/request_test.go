package kubernetes

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pagedPods serves pods in pages. Expire makes it forget the list under way after the first page; deaf makes it ignore
// the limit.
type pagedPods struct {
	total        int
	expire, deaf bool
	requests     []string
}

func (p *pagedPods) serve(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		p.requests = append(p.requests, "limit="+q.Get("limit")+" continue="+q.Get("continue"))
		from, limit := number(q.Get("continue")), number(q.Get("limit"))
		if p.expire && from > 0 {
			p.expire = false
			answer(t, w, status(http.StatusGone, metav1.StatusReasonExpired, "the list is too old"))
			return
		}
		to := p.total
		if limit > 0 && !p.deaf {
			to = min(p.total, from+limit)
		}
		page := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
		for i := from; i < to; i++ {
			page.Items = append(page.Items, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%04d", i), Namespace: "production"}})
		}
		if to < p.total {
			page.Continue = strconv.Itoa(to)
		}
		answer(t, w, page)
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // empty is 0
	return n
}

func TestPages(t *testing.T) {
	cases := map[string]struct {
		server    pagedPods
		limit     int
		want      int
		truncated bool
		requests  []string
	}{
		"one page":              {pagedPods{total: 3}, 0, 3, false, []string{"limit=500 continue="}},
		"three pages":           {pagedPods{total: 1200}, 0, 1200, false, []string{"limit=500 continue=", "limit=500 continue=500", "limit=500 continue=1000"}},
		"cut on the first":      {pagedPods{total: 30}, 10, 10, true, []string{"limit=10 continue="}},
		"cut on the second":     {pagedPods{total: 1200}, 700, 700, true, []string{"limit=500 continue=", "limit=200 continue=500"}},
		"as many as allowed":    {pagedPods{total: 10}, 10, 10, false, []string{"limit=10 continue="}},
		"server knows no limit": {pagedPods{total: 30, deaf: true}, 10, 10, true, []string{"limit=10 continue="}},
		"list expires":          {pagedPods{total: 1200, expire: true}, 0, 1200, false, []string{"limit=500 continue=", "limit=500 continue=500", "limit= continue="}},
		"bounded list expires": {pagedPods{total: 1200, expire: true}, 700, 700, true,
			[]string{"limit=500 continue=", "limit=200 continue=500", "limit=700 continue="}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := served(t, c.server.serve(t))
			found, truncated, err := list(t.Context(), client, query{resource: pods, namespace: "production", limit: c.limit}, podItems)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != c.want || truncated != c.truncated {
				t.Errorf("%d pods, truncated %t; expected %d, %t", len(found), truncated, c.want, c.truncated)
			}
			if diff := cmp.Diff(c.requests, c.server.requests); diff != "" {
				t.Errorf("requests differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOneConnection starts many requests at once on a fresh client.
func TestOneConnection(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(routes(t, map[string]any{"/version": `{"gitVersion": "v1"}`}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	c := opened(t, `{apiVersion: v1, kind: Config, current-context: test,
clusters: [{name: c, cluster: {server: "`+server.URL+`", insecure-skip-tls-verify: true}}],
contexts: [{name: test, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}`)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if code, _, err := c.text(t.Context(), "/version", ""); err != nil || code != http.StatusOK {
				t.Errorf("status %d, error %v", code, err)
			}
		})
	}
	group.Wait()
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, expected 1", n)
	}
}
