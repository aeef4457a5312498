package kubernetes

import (
	"fmt"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/e82355ed/runbook/engine/provider"
)

// checkLogin refuses in a read-only run what a kubeconfig may bring along: a program that logs in (users[].user.exec) starts
// on this machine. Those of the user's own kubeconfigs start, as for kubectl; a file that a runbook names may be as foreign as
// the runbook.
func checkLogin(req provider.Open[config], located *cluster) error {
	plugin := located.rest.ExecProvider
	if plugin == nil || !req.ReadOnly || ownKubeconfig(req) {
		return nil
	}
	return &provider.Error{
		Op: "log in as user " + located.user + " of the kubeconfig " + req.Config.Kubeconfig, Endpoint: located.endpoint,
		Err:         fmt.Errorf("%w: it logs in by starting the program %s", provider.ErrReadOnly, filepath.Base(plugin.Command)),
		NothingDone: true, Permanent: true,
		Hint: "If the file is yours, name it in KUBECONFIG or keep it in ~/.kube; or give it a token or a certificate.",
	}
}

// ownKubeconfig reports whether the file is one that KUBECONFIG names, or in ~/.kube.
func ownKubeconfig(req provider.Open[config]) bool {
	if req.Config.Kubeconfig == "" {
		return true
	}
	path := filepath.Clean(absolute(req.Config.Kubeconfig, req.Dir, req.HomeDir))
	for _, own := range filepath.SplitList(req.Getenv(clientcmd.RecommendedConfigPathEnvVar)) {
		if own != "" && filepath.Clean(own) == path {
			return true
		}
	}
	folder := filepath.Join(req.HomeDir, clientcmd.RecommendedHomeDir)
	return req.HomeDir != "" && strings.HasPrefix(path, folder+string(filepath.Separator))
}
