package kubernetes

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// A kubeconfig may name a program that logs in. One that a runbook brings along starts nothing in a read-only run.
func TestLoginByAProgram(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	marker := filepath.Join(dir, "started")
	write(t, filepath.Join(dir, "login"), "#!/bin/sh\ntouch "+marker+"\n"+
		`echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "x"}}'`+"\n")
	if err := os.Chmod(filepath.Join(dir, "login"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	text := `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: ann}}],
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: ann, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ` + filepath.Join(dir, "login") + `, args: [CASE], interactiveMode: Never}}}]}`
	brought, own := filepath.Join(dir, "brought"), filepath.Join(home, ".kube", "other")
	for name, c := range map[string]struct {
		config   config
		env      map[string]string
		readOnly bool
		starts   bool
	}{
		"brought":                    {config: config{Kubeconfig: "brought"}, readOnly: true},
		"brought, not read-only":     {config: config{Kubeconfig: "brought"}, starts: true},
		"of KUBECONFIG":              {env: map[string]string{"KUBECONFIG": brought}, readOnly: true, starts: true},
		"named, and of KUBECONFIG":   {config: config{Kubeconfig: brought}, env: map[string]string{"KUBECONFIG": brought}, readOnly: true, starts: true},
		"named, beside KUBECONFIG's": {config: config{Kubeconfig: brought}, env: map[string]string{"KUBECONFIG": own}, readOnly: true},
		"of the home folder":         {config: config{Kubeconfig: "~/.kube/other"}, readOnly: true, starts: true},
		"from the home folder up":    {config: config{Kubeconfig: "~/.kube/../../" + filepath.Base(dir) + "/brought"}, readOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			// client-go keeps what a program gave, by its arguments.
			for _, path := range []string{brought, own} {
				write(t, path, strings.Replace(text, "CASE", strconv.Quote(name), 1))
			}
			req := requestWith(t, c.config, c.env, dir, home)
			req.ReadOnly = c.readOnly
			client, err := open(t.Context(), req)
			if err == nil {
				_, _, err = client.text(t.Context(), "/version", "")
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			}
			if refused := errors.Is(err, provider.ErrReadOnly); refused == c.starts || refused && !strings.Contains(err.Error(), "starting the program login") {
				t.Errorf("error is %v", err)
			}
			if _, err := os.Stat(marker); (err == nil) != c.starts {
				t.Errorf("the program started: %v, expected %v", err == nil, c.starts)
			}
			_ = os.Remove(marker) // it is there or it is not
		})
	}
}
