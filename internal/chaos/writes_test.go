package chaos

import (
	"fmt"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestWriteIsNotSentTwice sends writes through every fault, with a retry. What may have arrived is not sent again, what
// surely did not is, and the world sees each at most once.
func TestWriteIsNotSentTwice(t *testing.T) {
	l := newLedger(t)
	upstream := strings.TrimPrefix(l.server.URL, "http://")
	var b strings.Builder
	b.WriteString("runbook \"writes\" { max_parallel = 200 }\n")
	addresses, proxies := map[string]string{}, []*proxy{}
	for _, f := range faults {
		target := upstream
		if f.deserted {
			target, _ = freeAddress(t)
		}
		p := newProxy(t, f.name, target)
		p.poison(f.toxics...)
		if f.down {
			p.Stop()
		}
		addresses[f.name], proxies = p.Listen, append(proxies, p)
		fmt.Fprintf(&b, `
provider "http" {
  alias    = %[1]q
  base_url = "http://%[2]s"
}
step "http_request" %[1]q {
  provider = provider.http.%[1]s
  method   = "POST"
  url      = %[1]q
  timeout  = %[3]q
  retry {
    attempts = 3
    delay    = "50ms"
  }
}
`, f.name, p.Listen, f.timeout)
	}
	ends := finished(carryOut(t, b.String(), nil, nil))
	for _, p := range proxies {
		p.Stop() // what it still holds back would keep connections open
	}
	counts := l.counts()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			e := ends[f.name]
			if e == nil {
				t.Fatal("the step did not end")
			}
			t.Logf("%s, seen %d times, %d attempts: %s", e.Outcome, counts[f.name], e.Attempts, e.Error)
			if n := counts[f.name]; n > 1 || n == 0 && e.Outcome == run.Pass {
				t.Errorf("outcome %s, and the write was seen %d times", e.Outcome, n)
			}
			if e.Outcome == run.Error {
				judgeMessage(t, e.Error, addresses[f.name], "POST /"+f.name, f.says)
			}
			if e.Attempts > 1 && !f.down {
				t.Errorf("a write that may have arrived was sent %d times", e.Attempts)
			}
			if e.Attempts != 3 && f.down {
				t.Errorf("a write that surely did not arrive was tried %d times, expected 3", e.Attempts)
			}
		})
	}
}
