package chaos

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// toxic is one way in which a connection goes bad, as toxiproxy's API takes it.
type toxic struct {
	kind string
	// upstream is true for what the client sends; else it is the answer that suffers.
	upstream   bool
	attributes string
}

// proxy stands between a provider and a service.
type proxy struct {
	*toxiproxy.Proxy
	t *testing.T
}

// newProxy starts one in front of upstream; it ends with the test.
func newProxy(t *testing.T, name, upstream string) *proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	for range 10 {
		address, _ := freeAddress(t) // one that nobody else here takes while the proxy is stopped
		p := &proxy{toxiproxy.NewProxy(server, name, address, upstream), t}
		err := p.Start()
		if errors.Is(err, syscall.EADDRINUSE) {
			continue // the tests of another package were quicker
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		return p
	}
	t.Fatal("each free address was taken before the proxy listened there")
	return nil
}

// start has a stopped proxy listen again where it did. A process that another test has just started holds a copy of every
// socket, the one that was closed too, until the kernel has it run its own program: until then the address is in use.
func (p *proxy) start() {
	p.t.Helper()
	eventually(p.t, "the proxy listens again", func(context.Context) error { return p.Start() })
}

// poison adds toxics to the connections that there are and to new ones.
func (p *proxy) poison(toxics ...toxic) {
	p.t.Helper()
	for _, x := range toxics {
		direction := "downstream"
		if x.upstream {
			direction = "upstream"
		}
		json := fmt.Sprintf(`{"name": "%[1]s-%[2]s", "type": %[1]q, "stream": %[2]q, "attributes": {%[3]s}}`, x.kind, direction, x.attributes)
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(json)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// cut closes every connection, and lets new ones in.
func (p *proxy) cut() {
	p.Stop()
	p.start()
}

// TestProxyComesBack cuts connections while other tests start processes.
func TestProxyComesBack(t *testing.T) {
	t.Parallel()
	p := newProxy(t, "cut", closedAddress(t))
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer cancel()
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				if err := exec.Command("true").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range sample(50, 500) {
		p.cut()
		if err := dials(ctx, p.Listen); err != nil {
			t.Fatal(err)
		}
	}
}
