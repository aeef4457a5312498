package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
)

// loopback is the only address the lab listens on.
const loopback = "127.0.0.1"

// portOwner ties a port to the process that listens on it.
type portOwner struct {
	port, process string
}

// portOwners lists every port of the lab. The port named closed has no owner: nobody ever listens on it.
var portOwners = []portOwner{
	{"postgres", "postgres"},
	{"redis", "redis"},
	{"prometheus", "prometheus"},
	{"api", "demo-api"},
	{"site", "nginx"},
	{"expiring", "nginx"},
	{"expired", "nginx"},
	{"self-signed", "nginx"},
	{"etcd", "etcd"},
	{"etcd-peer", "etcd"},
	{"kubernetes", "kube-apiserver"},
	{"kubelet", "kwok"},
	{"metrics", "metrics-server"},
	{"closed", ""},
}

// The lab takes its ports below the range from which Linux and macOS hand out ports to clients (32768 and 49152
// upwards), so that no outgoing connection takes one of them while the lab is down.
const (
	portsFrom = 20000
	portsTo   = 32000
	portsStep = 20 // room for the ports of one lab
)

// settlePorts chooses a port for each owner. A port stays as it is while its owner runs or nobody else has it.
func (s *state) settlePorts(root string, running func(process string) bool) error {
	taken := map[int]bool{}
	for _, owner := range portOwners {
		if port := s.Ports[owner.port]; port != 0 {
			taken[port] = true
		}
	}
	next := firstPort(root)
	for _, owner := range portOwners {
		port := s.Ports[owner.port]
		if port != 0 && (running(owner.process) || free(port)) {
			continue
		}
		for tries := 0; ; tries++ {
			if tries > portsTo-portsFrom {
				return fmt.Errorf("choose a port for %s: none is free between %d and %d", owner.port, portsFrom, portsTo)
			}
			candidate := next
			if next++; next >= portsTo {
				next = portsFrom
			}
			if !taken[candidate] && free(candidate) {
				s.Ports[owner.port] = candidate
				taken[candidate] = true
				break
			}
		}
	}
	return nil
}

// firstPort spreads the labs of different work trees over the range.
func firstPort(root string) int {
	slots := uint32((portsTo - portsFrom) / portsStep)
	return portsFrom + int(binary.BigEndian.Uint32(rootHash(root))%slots)*portsStep
}

// free reports whether the port can be listened on.
func free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// address returns host and port of a named port.
func (l *Lab) address(name string) string {
	return net.JoinHostPort(loopback, l.port(name))
}

// port returns a named port as text.
func (l *Lab) port(name string) string { return strconv.Itoa(l.state.Ports[name]) }
