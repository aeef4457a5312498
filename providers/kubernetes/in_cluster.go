package kubernetes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/e82355ed/runbook/engine/provider"
)

// What the kubelet gives every pod; see "Accessing the Kubernetes API from a Pod" in the Kubernetes documentation.
const (
	serviceHostVariable = "KUBERNETES_SERVICE_HOST"
	servicePortVariable = "KUBERNETES_SERVICE_PORT"
	accountFolder       = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// inCluster configures the pod's service account. client-go's own function for it reads the process's environment,
// which reaches a provider only through its Host.
func inCluster(req provider.Open[config]) (*cluster, error) {
	return inClusterFrom(req, accountFolder)
}

func inClusterFrom(req provider.Open[config], folder string) (*cluster, error) {
	host, port := req.Getenv(serviceHostVariable), req.Getenv(servicePortVariable)
	if host == "" || port == "" {
		return nil, inClusterError(fmt.Errorf("%s and %s are not set", serviceHostVariable, servicePortVariable))
	}
	tokenFile := filepath.Join(folder, "token")
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, inClusterError(err)
	}
	c := &cluster{
		rest: &rest.Config{
			Host:            "https://" + net.JoinHostPort(host, port),
			TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(folder, "ca.crt")},
			BearerToken:     string(token),
			// The token expires; client-go reads it again from here.
			BearerTokenFile: tokenFile,
		},
		context: podContext,
	}
	if c.endpoint, err = endpoint(c.rest); err != nil {
		return nil, inClusterError(err)
	}
	own, err := os.ReadFile(filepath.Join(folder, "namespace"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, inClusterError(err)
	}
	c.namespace = firstOf(req.Config.Namespace, strings.TrimSpace(string(own)), "default")
	return c, nil
}

func inClusterError(err error) error {
	return &provider.Error{
		Op: "use the pod's service account", Err: err, NothingDone: true, Permanent: true,
		Hint: "in_cluster is for an engine that runs in a pod; elsewhere name a kubeconfig.",
	}
}
