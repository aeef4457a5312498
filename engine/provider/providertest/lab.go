package providertest

import (
	"net"
	"os"
	"testing"
)

// Lab reads what the lab put into the environment and fails the test where it did not.
func Lab(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run make lab-up, then the tests through make test (or source .lab/env)", name)
	}
	return value
}

// Closed is an address of this machine where nobody listens.
func Closed(t testing.TB) string {
	t.Helper()
	listener := listen(t)
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// Silent is the address of a server that accepts connections, reads what it gets and never answers. It ends with the
// test.
func Silent(t testing.TB) string {
	t.Helper()
	listener := listen(t)
	done := make(chan struct{})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	go func() {
		defer close(done)
		var open []net.Conn
		for {
			c, err := listener.Accept()
			if err != nil {
				break // closed by the test's end
			}
			open = append(open, c)
		}
		for _, c := range open {
			_ = c.Close() // the peer may have closed it before
		}
	}()
	return listener.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}
