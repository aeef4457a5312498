package lab

import (
	"maps"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func stopped(string) bool { return false }

func newTestState() *state { return &state{Ports: map[string]int{}, Secrets: map[string]string{}} }

func TestPortsStayWhereTheyAre(t *testing.T) {
	s := newTestState()
	if err := s.settlePorts(t.TempDir(), stopped); err != nil {
		t.Fatal(err)
	}
	first := maps.Clone(s.Ports)
	seen := map[int]string{}
	for name, port := range first {
		if port < portsFrom || port >= portsTo {
			t.Errorf("port %s = %d is out of range", name, port)
		}
		if other := seen[port]; other != "" {
			t.Errorf("%s and %s share port %d", name, other, port)
		}
		seen[port] = name
	}
	if len(first) != len(portOwners) {
		t.Errorf("%d ports for %d owners", len(first), len(portOwners))
	}
	if err := s.settlePorts(t.TempDir(), stopped); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, s.Ports); diff != "" {
		t.Errorf("the second time (-first +second):\n%s", diff)
	}
}

func TestATakenPortIsReplacedUnlessItsOwnerHasIt(t *testing.T) {
	s := newTestState()
	root := t.TempDir()
	if err := s.settlePorts(root, stopped); err != nil {
		t.Fatal(err)
	}
	before := maps.Clone(s.Ports)
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, (&Lab{state: s}).port("redis")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ours := func(process string) bool { return process == "redis" }
	if err := s.settlePorts(root, ours); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.Ports); diff != "" {
		t.Errorf("while redis runs (-before +after):\n%s", diff)
	}
	if err := s.settlePorts(root, stopped); err != nil {
		t.Fatal(err)
	}
	for name, port := range s.Ports {
		if changed := port != before[name]; changed != (name == "redis") {
			t.Errorf("port %s went from %d to %d", name, before[name], port)
		}
	}
}

func TestWorkTreesHavePortsOfTheirOwn(t *testing.T) {
	if a, b := firstPort("/home/a/runbook"), firstPort("/home/b/runbook"); a == b {
		t.Errorf("both start at %d", a)
	}
}
