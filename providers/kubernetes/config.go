package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/readable"
)

// config is the provider block.
type config struct {
	Kubeconfig string  `rb:"kubeconfig,file" doc:"Path of a kubeconfig file; null: the files that KUBECONFIG names, else ~/.kube/config, else the pod's service account."`
	Context    string  `rb:"context" doc:"Context of the kubeconfig; null: its current one."`
	Namespace  string  `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace of the steps that name none; null: the context's, else default."`
	InCluster  bool    `rb:"in_cluster" doc:"Use the service account of the pod that the engine runs in, and no kubeconfig."`
	QPS        float64 `rb:"qps,conduct" doc:"At most this many requests a second; null: no limit of our own, the server's fair queuing decides."`
	Burst      int     `rb:"burst,conduct" doc:"How many requests may exceed qps at once; null: twice qps."`
}

// podContext stands for a context where a pod's own account is used.
const podContext = "in-cluster"

// cluster is a configuration after all rules have been applied.
type cluster struct {
	rest *rest.Config
	// endpoint is the server's URL without credentials.
	endpoint string
	// context is the kubeconfig's context, or podContext.
	context string
	// user is the name of the kubeconfig's user, or empty.
	user      string
	namespace string
}

// target reads "https://k8s.example.com:6443 (context eu, namespace shop)".
func target(req provider.Open[config]) (provider.Place, error) {
	c, err := locate(req)
	if err != nil {
		return provider.Place{}, err
	}
	return provider.Place{
		Text:  fmt.Sprintf("%s (context %s, namespace %s)", c.endpoint, c.context, c.namespace),
		Short: fmt.Sprintf("%s (context %s)", c.endpoint, c.context), Unsaid: "namespace " + c.namespace,
	}, nil
}

// locate applies kubectl's rules: what the block says, else KUBECONFIG, else ~/.kube/config, else the pod's own account.
func locate(req provider.Open[config]) (*cluster, error) {
	if req.Config.InCluster {
		return inCluster(req)
	}
	loaded, paths, err := kubeconfig(req)
	if err != nil {
		return nil, configError(paths, err)
	}
	if clientcmdapi.IsConfigEmpty(loaded) {
		if req.Config.Kubeconfig == "" && req.Config.Context == "" && req.Getenv(serviceHostVariable) != "" {
			return inCluster(req)
		}
		return nil, configError(paths, whyEmpty(paths))
	}
	c, err := fromKubeconfig(req, loaded)
	if err != nil {
		return nil, configError(paths, err)
	}
	return c, nil
}

// whyEmpty says why kubeconfig files that may be missing hold nothing.
func whyEmpty(paths []string) error {
	for _, path := range paths {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return errors.New("there is no cluster in it")
		}
	}
	return errors.New("no such file")
}

func configError(paths []string, err error) error {
	return &provider.Error{
		Op: "read the kubeconfig " + strings.Join(paths, ", "), Err: err, NothingDone: true, Permanent: true,
		Hint: `Set KUBECONFIG, or name a file in provider "kubernetes" { kubeconfig = "..." }.`,
	}
}

// kubeconfig merges the files that apply and names them.
func kubeconfig(req provider.Open[config]) (*clientcmdapi.Config, []string, error) {
	rules := &clientcmd.ClientConfigLoadingRules{}
	var paths []string
	switch list := req.Getenv(clientcmd.RecommendedConfigPathEnvVar); {
	case req.Config.Kubeconfig != "":
		rules.ExplicitPath = absolute(req.Config.Kubeconfig, req.Dir, req.HomeDir)
		paths = []string{rules.ExplicitPath}
		if err := readable.Check(rules.ExplicitPath); err != nil {
			return nil, paths, err
		}
	case list != "":
		paths = slices.DeleteFunc(filepath.SplitList(list), func(p string) bool { return p == "" })
		rules.Precedence = paths
	case req.HomeDir != "":
		paths = []string{filepath.Join(req.HomeDir, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)}
		rules.Precedence = paths
	}
	loaded, err := rules.Load()
	if errors.Is(err, os.ErrNotExist) {
		err = errors.New("no such file")
	}
	return loaded, paths, err
}

func absolute(path, dir, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		return filepath.Join(home, rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func fromKubeconfig(req provider.Open[config], loaded *clientcmdapi.Config) (*cluster, error) {
	name := req.Config.Context
	if name == "" {
		name = loaded.CurrentContext
	}
	chosen := loaded.Contexts[name]
	if chosen == nil {
		return nil, fmt.Errorf("there is no context %q; there are: %s", name, strings.Join(contextNames(loaded), ", "))
	}
	client := clientcmd.NewNonInteractiveClientConfig(*loaded, name, &clientcmd.ConfigOverrides{}, nil)
	restConfig, err := client.ClientConfig()
	if err != nil {
		return nil, err
	}
	c := &cluster{rest: restConfig, context: name, user: chosen.AuthInfo}
	if c.endpoint, err = endpoint(restConfig); err != nil {
		return nil, err
	}
	c.namespace = firstOf(req.Config.Namespace, chosen.Namespace, "default")
	return c, nil
}

func contextNames(loaded *clientcmdapi.Config) []string {
	names := make([]string, 0, len(loaded.Contexts))
	for name := range loaded.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		names = append(names, "none")
	}
	return names
}

// endpoint is the server's URL as it may be shown.
func endpoint(c *rest.Config) (string, error) {
	u, _, err := rest.DefaultServerUrlFor(c)
	if err != nil {
		// The parser's error repeats the text, which may hold a password.
		return "", errors.New("the cluster's server is not a URL")
	}
	shown := *u
	shown.User = nil
	return strings.TrimSuffix(shown.String(), "/"), nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
