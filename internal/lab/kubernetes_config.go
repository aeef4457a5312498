package lab

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

//go:embed config/kwok.yaml
var kwokConfig []byte

//go:embed manifests/*.yaml
var manifestFiles embed.FS

// kubeFile names a file of the control plane's.
func (l *Lab) kubeFile(name string) string { return l.path("data", "kubernetes", name) }

// kubernetesConfigure writes what the programs of the control plane read at their start.
func (l *Lab) kubernetesConfigure(kwokDir string) error {
	secret := l.state.Secrets
	tokens := fmt.Sprintf("%s,admin,admin,\"system:masters\"\n%s,viewer,viewer\n", secret["kubernetes-admin"], secret["kubernetes-viewer"])
	if err := writeFile(l.kubeFile("tokens.csv"), []byte(tokens), 0o600); err != nil {
		return fmt.Errorf("write the API server's tokens: %w", err)
	}
	if err := l.writeKubeconfig(); err != nil {
		return err
	}
	if err := l.writePodLogs(); err != nil {
		return err
	}
	return l.writeKwokConfig(kwokDir)
}

// writeKubeconfig has two contexts: lab may do everything, viewer next to nothing.
func (l *Lab) writeKubeconfig() error {
	authority, err := os.ReadFile(l.path("certs", "ca.crt"))
	if err != nil {
		return fmt.Errorf("read the authority's certificate: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["lab"] = &clientcmdapi.Cluster{
		Server: "https://" + l.address("kubernetes"), CertificateAuthorityData: authority,
	}
	for context, user := range map[string]string{"lab": "admin", "viewer": "viewer"} {
		config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: l.state.Secrets["kubernetes-"+user]}
		config.Contexts[context] = &clientcmdapi.Context{Cluster: "lab", AuthInfo: user}
	}
	config.CurrentContext = "lab"
	content, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode the kubeconfig: %w", err)
	}
	if err := writeFile(l.path("kubeconfig"), content, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}

// writeKwokConfig joins kwok's own files with the lab's: stages, usage, logs and exec.
func (l *Lab) writeKwokConfig(kwokDir string) error {
	documents := [][]byte{kwokConfig, l.kwokPodRules()}
	for _, name := range kwokFiles {
		content, err := os.ReadFile(filepath.Join(kwokDir, name))
		if err != nil {
			return fmt.Errorf("read kwok's files: %w", err)
		}
		documents = append(documents, content)
	}
	if err := writeFile(l.kubeFile("kwok.yaml"), bytes.Join(documents, []byte("\n---\n")), 0o644); err != nil {
		return fmt.Errorf("write kwok's configuration: %w", err)
	}
	return nil
}

// node is a simulated machine.
type node struct {
	Name, Role  string
	CPU, Memory string
}

var nodes = []node{
	{Name: "lab-control-1", Role: "control-plane", CPU: "2", Memory: "4Gi"},
	{Name: "lab-worker-1", Role: "worker", CPU: "4", Memory: "8Gi"},
	{Name: "lab-worker-2", Role: "worker", CPU: "4", Memory: "8Gi"},
}

// release is one revision of the backend.
type release struct {
	Tag, ChangeCause string
}

var releases = []release{
	{"2.3.0", "first release"},
	{"2.4.0", "cache answers for an hour"},
	{"2.4.1", "close idle database connections"},
}

// manifest renders a file below manifests.
func (l *Lab) manifest(name string, r release) ([]byte, error) {
	source, err := manifestFiles.ReadFile("manifests/" + name)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New(name).Parse(string(source))
	if err != nil {
		return nil, fmt.Errorf("parse the manifest: %w", err)
	}
	authority, err := os.ReadFile(l.path("certs", "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read the authority's certificate: %w", err)
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{
		"Nodes": nodes, "Version": kubernetesVersion, "MetricsPort": l.state.Ports["metrics"],
		"CABundle": base64.StdEncoding.EncodeToString(authority), "Tag": r.Tag, "ChangeCause": r.ChangeCause,
	})
	if err != nil {
		return nil, fmt.Errorf("render the manifest: %w", err)
	}
	return out.Bytes(), nil
}
