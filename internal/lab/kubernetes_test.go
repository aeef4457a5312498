package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestToolsAreTakenFromTheFirstPlaceThatHasThem(t *testing.T) {
	assets, onPath, cache := t.TempDir(), t.TempDir(), t.TempDir()
	for _, path := range []string{
		filepath.Join(assets, "etcd"),
		filepath.Join(onPath, "etcd"), filepath.Join(onPath, "kubectl"), filepath.Join(onPath, "kwok"),
		filepath.Join(cache, "etcd"), filepath.Join(cache, "kubectl"), filepath.Join(cache, "kwok"), filepath.Join(cache, "kube-scheduler"),
	} {
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", onPath)
	l := newTestLab(t)
	l.KubernetesBinaries = assets
	paths, absent := l.findTools(cache)
	for name, want := range map[string]string{
		"etcd": assets, "kubectl": onPath, "kube-scheduler": cache,
		"kwok": cache, // only the lab's own build will do
	} {
		if paths[name] != filepath.Join(want, name) {
			t.Errorf("%s is taken from %q, want %s", name, paths[name], want)
		}
	}
	missing := map[string]bool{"kube-apiserver": true, "kube-controller-manager": true, "metrics-server": true}
	for _, tool := range absent {
		if !missing[tool.name] {
			t.Errorf("%s is absent", tool.name)
		}
		delete(missing, tool.name)
	}
	if len(missing) > 0 {
		t.Errorf("not absent: %v", missing)
	}
}

// TestManifests renders them all and looks for what the monthly review looks for.
func TestManifests(t *testing.T) {
	l := newTestLab(t)
	l.state = newTestState()
	if err := l.makeCertificates(); err != nil {
		t.Fatal(err)
	}
	entries, err := manifestFiles.ReadDir("manifests")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		manifest, err := l.manifest(entry.Name(), releases[0])
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(manifest)
		if err != nil || len(objects) == 0 {
			t.Errorf("%s: %d objects, %v", entry.Name(), len(objects), err)
		}
		for _, object := range objects {
			spec := podSpec(object)
			if spec == nil {
				continue
			}
			if nonRoot, _, _ := unstructured.NestedBool(spec, "securityContext", "runAsNonRoot"); !nonRoot {
				t.Errorf("%s: the pods of %s %s may run as root", entry.Name(), object.GetKind(), object.GetName())
			}
		}
	}
}

func podSpec(object *unstructured.Unstructured) map[string]any {
	path := []string{"spec", "template", "spec"}
	if object.GetKind() == "Pod" {
		path = path[:1]
	}
	spec, _, _ := unstructured.NestedMap(object.Object, path...)
	return spec
}

func TestOnlyStagingLogsErrors(t *testing.T) {
	found := map[string]bool{}
	for _, p := range podLogs {
		for n := range p.lines {
			if strings.Contains(strings.ToLower(p.text(0, n)), "error") {
				found[p.namespace] = true
			}
		}
	}
	if found[production] || !found[staging] {
		t.Errorf("namespaces with errors in their logs: %v", found)
	}
}
