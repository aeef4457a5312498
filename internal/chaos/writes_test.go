package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/e82355ed/runbook/engine/run"
)

// writer is a service that counts what arrives. In its texts NAME is the fault and ADDRESS that of the proxy.
type writer struct {
	name, upstream string
	config         string
	// file is what FILE in config names, if it does.
	file         string
	action, step string
	op           string
	// reach is more than the bytes of all answers up to the one to the write, coarse how far apart the first cuts are.
	reach, coarse int
	// counts gives how often each fault's write was seen, once nothing is on its way any more.
	counts func(t *testing.T) map[string]int
}

func writers(t *testing.T) []writer {
	t.Helper()
	l, r, p, c := newLedger(t), ownRedis(t), ownPostgres(t), startCluster(t)
	execute(t, p.url(), "CREATE TABLE marks (name text)")
	return []writer{
		{
			name: "http", upstream: strings.TrimPrefix(l.server.URL, "http://"), config: `base_url = "http://ADDRESS"`,
			action: "http_request", step: "method = \"POST\"\n  url = \"NAME\"", op: "POST /", reach: 1600, coarse: 40,
			counts: func(*testing.T) map[string]int { return l.counts() },
		},
		{
			name: "redis", upstream: r.address, config: `url = "redis://ADDRESS"`,
			action: "redis_command", step: `command = ["EVAL", "redis.call('INCR', KEYS[1]) return string.rep('x', 300)", "1", "NAME"]`, op: "eval", reach: 1600, coarse: 40,
			counts: func(t *testing.T) map[string]int { return redisCounts(t, r.address) },
		},
		{
			name: "postgres", upstream: p.address, config: `url = "postgres://postgres@ADDRESS/postgres?sslmode=disable"`,
			action: "postgres_exec", step: `sql = "INSERT INTO marks VALUES ('NAME')"`, op: "", reach: 6000, coarse: 150,
			counts: func(t *testing.T) map[string]int { return postgresCounts(t, p.url()) },
		},
		{
			name: "kubernetes", upstream: c.address, config: `kubeconfig = "FILE"`, file: c.kubeconfig("ADDRESS"),
			action: "kubernetes_apply", step: `manifest = { apiVersion = "v1", kind = "ConfigMap", metadata = { name = "NAME" } }`, op: "apply|look up kind|read configmap",
			reach: 16000, coarse: 800,
			counts: func(t *testing.T) map[string]int { return c.changes(t) },
		},
	}
}

// TestWriteIsNotSentTwice sends writes through every fault, with a retry. What may have arrived is not sent again, what
// surely did not is, and the world sees each at most once.
func TestWriteIsNotSentTwice(t *testing.T) {
	t.Parallel()
	kinds := writers(t)
	sendThrough(t, kinds, faults)
	for _, w := range kinds {
		coarse := cuts(w.coarse, w.reach, w.coarse)
		sendThrough(t, []writer{w}, coarse)
		// Between the last answer that was too short and the first that was whole lies the one to the write itself.
		counts := w.counts(t)
		whole := slices.IndexFunc(coarse, func(f fault) bool { return counts[f.object()] == 1 })
		if whole < 0 {
			t.Fatalf("%s: no answer was long enough", w.name)
		}
		end := (whole + 2) * w.coarse
		doubts := sendThrough(t, []writer{w}, cuts(max(end-2*w.coarse, 1), end, w.coarse/sample(20, 40)))
		if doubts == 0 {
			t.Errorf("%s: no write took place whose answer got lost, so this shows nothing", w.name)
		}
	}
}

// cuts end the answers after more and more bytes.
func cuts(from, to, step int) []fault {
	var list []fault
	for n := from; n < to; n += step {
		list = append(list, fault{
			name: fmt.Sprintf("short-%d-%d", step, n), toxics: cutAfter(n), timeout: ample, outcomes: either, says: brokeOff,
		})
	}
	return list
}

// sendThrough sends a write of each kind through each fault, and counts those that took place and erred.
func sendThrough(t *testing.T, kinds []writer, faults []fault) (doubts int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("runbook \"writes\" { max_parallel = 200 }\n")
	addresses, proxies := map[string]string{}, []*proxy{}
	for _, f := range faults {
		for _, w := range kinds {
			target := w.upstream
			if f.deserted {
				target = closedAddress(t)
			}
			name := w.name + "_" + f.name
			p := newProxy(t, name, target)
			p.poison(f.toxics...)
			if f.down {
				p.Stop()
			}
			addresses[name], proxies = p.Listen, append(proxies, p)
			config := fill(w.config, "ADDRESS", p.Listen)
			if w.file != "" {
				config = fill(config, "FILE", write(t, "config", fill(w.file, "ADDRESS", p.Listen)))
			}
			b.WriteString(fill(writeBlocks, "PROVIDER", w.name, "CONFIG", config, "ACTION", w.action,
				"STEP", fill(w.step, "NAME", f.object()), "NAME", name, "LIMIT", f.timeout.String()))
		}
	}
	ends := carryOut(t, b.String(), nil, nil).Ends()
	for _, p := range proxies {
		p.Stop() // what it still holds back would keep connections open
	}
	for _, w := range kinds {
		counts := w.counts(t)
		for _, f := range faults {
			name := w.name + "_" + f.name
			t.Run(name, func(t *testing.T) { f.judgeWrite(t, w, ends[name], counts[f.object()], addresses[name]) })
			if e := ends[name]; e != nil && e.Outcome == run.Error && counts[f.object()] == 1 {
				doubts++
			}
		}
	}
	return doubts
}

// object is the fault's name where it names what is written: Kubernetes knows no underscores.
func (f fault) object() string { return strings.ReplaceAll(f.name, "_", "-") }

const writeBlocks = `
provider "PROVIDER" {
  alias = "NAME"
  CONFIG
}
step "ACTION" "NAME" {
  provider = provider.PROVIDER.NAME
  timeout  = "LIMIT"
  STEP
  retry {
    attempts = 3
    delay    = "50ms"
  }
}
`

func (f fault) judgeWrite(t *testing.T, w writer, e *run.Event, seen int, address string) {
	t.Helper()
	if e == nil {
		t.Fatal("the step did not end")
	}
	t.Logf("%s, in doubt: %v, seen %d times, %d attempts: %s", e.Outcome, e.InDoubt, seen, e.Attempts, e.Error)
	if seen > 1 || seen == 0 && e.Outcome == run.Pass {
		t.Errorf("outcome %s, and the write was seen %d times", e.Outcome, seen)
	}
	if e.Outcome == run.Error {
		judgeMessage(t, e.Error, address, w.op, f.says)
	}
	if seen > 0 && e.Outcome == run.Error && !e.InDoubt {
		t.Error("the write took place, its step erred, and it is not in doubt")
	}
	if f.down && (e.Attempts != 3 || e.InDoubt) {
		t.Errorf("a write that surely did not arrive was tried %d times, in doubt: %v", e.Attempts, e.InDoubt)
	}
	if slices.Contains(f.outcomes, run.Pass) && !slices.Contains(f.outcomes, run.Error) && e.Outcome != run.Pass {
		t.Errorf("outcome %s, expected pass", e.Outcome)
	}
}

func redisCounts(t *testing.T, address string) map[string]int {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close() //nolint:errcheck // only read from
	counts := map[string]int{}
	names, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if counts[name], err = client.Get(t.Context(), name).Int(); err != nil {
			t.Fatal(err)
		}
	}
	return counts
}

func postgresCounts(t *testing.T, url string) map[string]int {
	t.Helper()
	eventually(t, "all sessions have ended", func(ctx context.Context) error {
		var n int
		err := ask(ctx, url, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()", &n)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d sessions are there", n)
		}
		return err
	})
	counts := map[string]int{}
	var names []string
	if err := ask(t.Context(), url, "SELECT coalesce(array_agg(name), '{}') FROM marks", &names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		counts[name]++
	}
	return counts
}
