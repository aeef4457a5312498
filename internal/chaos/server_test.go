package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/internal/lab"
)

// ownServer is a service of the test's own, so that it may be killed.
type ownServer struct {
	t       *testing.T
	address string
	path    string
	args    []string
	dir     string
	owner   *syscall.Credential
	ready   func(context.Context) error
	process *exec.Cmd
	// ended is closed when the process has.
	ended chan struct{}
}

// start runs the server and waits until it answers. One that ends at once is started again: what its forerunner has left
// may be on its way out.
func (s *ownServer) start() {
	s.t.Helper()
	log := filepath.Join(s.t.TempDir(), "server.log")
	s.t.Cleanup(func() {
		if s.t.Failed() {
			text, err := os.ReadFile(log)
			s.t.Logf("the log of %s (%v):\n%s", s.path, err, text)
		}
	})
	eventually(s.t, s.path+" answers", func(ctx context.Context) error {
		if s.process == nil || s.gone() {
			if err := s.launch(log); err != nil {
				return err
			}
		}
		return s.ready(ctx)
	})
}

func (s *ownServer) launch(log string) error {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	process := exec.Command(s.path, s.args...)
	process.Dir = s.dir
	process.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	process.Stdout, process.Stderr = file, file
	if err := process.Start(); err != nil {
		return errors.Join(err, file.Close())
	}
	s.process = process
	s.ended = make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		_ = process.Wait() // killed, which is an error to Wait
	}(s.ended)
	return file.Close()
}

func (s *ownServer) gone() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// kill ends the server as a crash would, and waits until it is gone.
func (s *ownServer) kill() {
	if s.process == nil {
		return
	}
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL) // it may be gone already
	<-s.ended
	s.process = nil
}

// eventually waits for a state; the deadline is for machines that are broken, not for busy ones.
func eventually(t *testing.T, what string, probe func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, patience, err)
		case <-ticker.C:
		}
	}
}

// givenPorts are those that a server of these tests has, or had and comes back to.
var givenPorts sync.Map

// freeAddress is one for a server, below the ports that the system gives to whoever asks for any.
func freeAddress(t *testing.T) (address, port string) {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(9_000))
		if _, taken := givenPorts.LoadOrStore(port, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return "127.0.0.1:" + port, port
		}
	}
	t.Fatal("there is no free port")
	return "", ""
}

// closedAddress is one that nobody listens at, nor will: it is taken.
func closedAddress(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) }) // nothing was written
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := lab.Program(name)
	if err != nil {
		t.Fatalf("%v: run make lab-up, which installs it", err)
	}
	return path
}

// ownRedis runs a Redis without a password.
func ownRedis(t *testing.T) *ownServer {
	t.Helper()
	address, port := freeAddress(t)
	s := &ownServer{
		t: t, address: address, path: program(t, "redis-server"), dir: t.TempDir(),
		args: []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always"},
	}
	s.ready = func(ctx context.Context) error { return dials(ctx, address) }
	s.start()
	t.Cleanup(s.kill)
	return s
}

func dials(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// ownPostgres runs a PostgreSQL that trusts who connects, user postgres.
func ownPostgres(t *testing.T) *ownServer {
	t.Helper()
	address, port := freeAddress(t)
	// Not in the test's folder, which is closed to the server's user.
	dir, err := os.MkdirTemp("", "runbook-chaos-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a temporary folder that stays costs little
	owner := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(program(t, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C.UTF-8", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s := &ownServer{
		t: t, address: address, path: program(t, "postgres"), dir: dir, owner: owner,
		args: []string{"-D", data, "-p", port, "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=16MB"},
	}
	s.ready = func(ctx context.Context) error { return connects(ctx, s.url()) }
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *ownServer) url() string { return fmt.Sprintf("postgres://postgres@%s/postgres", s.address) }

// unprivileged gives a folder to a user that PostgreSQL runs as; nil where the test's own will do.
func unprivileged(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		entry, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(entry.Uid)
		gid, gidErr := strconv.Atoi(entry.Gid)
		if uidErr != nil || gidErr != nil {
			continue
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("there is no user postgres and no nobody")
	return nil
}

const nginxConfig = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  server {
    listen %[2]s;
    location / { return 200 "ready\n"; }
  }
}
`

// ownNginx runs a web server.
func ownNginx(t *testing.T) *ownServer {
	t.Helper()
	address, _ := freeAddress(t)
	dir := t.TempDir()
	config := write(t, "nginx.conf", fmt.Sprintf(nginxConfig, dir, address))
	s := &ownServer{t: t, address: address, path: program(t, "nginx"), dir: dir, args: []string{"-p", dir, "-e", "stderr", "-c", config}}
	s.ready = func(ctx context.Context) error { return dials(ctx, address) }
	s.start()
	t.Cleanup(s.kill)
	return s
}
