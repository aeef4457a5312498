package trust

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"encoding/pem"

	"github.com/e82355ed/runbook/engine/provider"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRoots(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	write(t, filepath.Join(dir, "empty.pem"), nil)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(path string) provider.Host {
		return provider.Host{Lookup: func(name string) (string, bool) { return path, name == "SSL_CERT_FILE" }}
	}
	for name, test := range map[string]struct {
		host   provider.Host
		file   string
		some   bool
		failed string
	}{
		"system":        {},
		"file":          {file: "ca.pem", some: true},
		"environment":   {host: env(filepath.Join(dir, "ca.pem")), some: true},
		"file first":    {host: env("/nowhere"), file: "ca.pem", some: true},
		"missing":       {file: "nowhere.pem", failed: "read ca_file: open " + dir + "/nowhere.pem"},
		"pipe":          {file: "pipe", failed: dir + "/pipe: it is not a regular file"},
		"device":        {file: "/dev/zero", failed: "it is not a regular file"},
		"folder":        {file: ".", failed: "it is a folder"},
		"empty":         {file: "empty.pem", failed: "no certificate in PEM form"},
		"variable lies": {host: env("/nowhere"), failed: "read SSL_CERT_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, err := Roots(test.host, dir, test.file)
			if (pool != nil) != test.some || (err != nil) != (test.failed != "") || err != nil && !strings.Contains(err.Error(), test.failed) {
				t.Errorf("got %v, %v", pool, err)
			}
		})
	}
}

func TestOwn(t *testing.T) {
	if own, err := Own("", "", ""); own != nil || err != nil {
		t.Errorf("got %v, %v", own, err)
	}
	for want, names := range map[string][2]string{
		"belong together": {"a.pem", ""},
		"read client_cert_file: open /nowhere/a.pem: no such file": {"a.pem", "b.pem"},
	} {
		if _, err := Own("/nowhere", names[0], names[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
}
