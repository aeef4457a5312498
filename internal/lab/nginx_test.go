package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNginxPathsWithSpaces(t *testing.T) {
	l := &Lab{Config: Config{StateDir: filepath.Join(t.TempDir(), "a b", ".lab")}, state: &state{}}
	path := filepath.Join(t.TempDir(), "nginx.conf")
	if err := l.nginxConfigure(path, []site{{Address: "127.0.0.1:1", Certificate: l.path("certs", "site")}}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, l.StateDir) {
			count++
			if !strings.Contains(line, ` "`+l.StateDir) || !strings.HasSuffix(line, "\";\n") {
				t.Errorf("%q has a path without quotes", line)
			}
		}
	}
	if count != 8 {
		t.Errorf("%d lines name a path, want 8:\n%s", count, content)
	}
}
