package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// kwokFiles are parts of kwok's configuration that its module comes with: how nodes and pods behave, and what metrics
// they have.
var kwokFiles = []string{
	"kustomize/stage/node/fast/node-initialize.yaml",
	"kustomize/stage/node/heartbeat/node-heartbeat.yaml",
	"kustomize/stage/pod/fast/pod-ready.yaml",
	"kustomize/stage/pod/fast/pod-complete.yaml",
	"kustomize/stage/pod/fast/pod-delete.yaml",
	"kustomize/metrics/resource/metrics-resource.yaml",
}

// kwokLogsKind defines the objects that say which file is a pod's log.
const kwokLogsKind = "kustomize/crd/bases/kwok.x-k8s.io_logs.yaml"

// kwok reports a command that ended with a status as an internal error, which kubectl cannot tell from a broken
// connection. One line of it is changed, so that the status arrives.
const (
	kwokExecFile  = "pkg/kwok/server/debugging_exec.go"
	kwokExecLine  = "\terr := utilsexec.Exec(ctx, cmd[0], cmd[1:]...)\n\tif err != nil {\n\t\treturn err\n"
	kwokExecFixed = "\terr := utilsexec.Exec(ctx, cmd[0], cmd[1:]...)\n\tif err != nil {\n\t\treturn exitStatus(err)\n"
	kwokAddition  = "kwok/exit_status.go.txt"
)

// kwokSource copies kwok's module into the cache, with the line changed, unless it is there. It returns the directory.
func (l *Lab) kwokSource(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, "kwok-source")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	download := l.goCommand(ctx, "mod", "download", "sigs.k8s.io/kwok")
	if out, err := download.CombinedOutput(); err != nil {
		return "", fmt.Errorf("download kwok's module: %w\n%s", err, out)
	}
	module, err := l.goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok").Output()
	if err != nil {
		return "", fmt.Errorf("find kwok's module: %w", err)
	}
	unfinished := dir + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", fmt.Errorf("clear the copy of kwok's module: %w", err)
	}
	if err := os.CopyFS(unfinished, os.DirFS(strings.TrimSpace(string(module)))); err != nil {
		return "", fmt.Errorf("copy kwok's module: %w", err)
	}
	if err := l.patchKwok(unfinished); err != nil {
		return "", fmt.Errorf("change kwok's module: %w", err)
	}
	return dir, os.Rename(unfinished, dir)
}

func (l *Lab) patchKwok(dir string) error {
	path := filepath.Join(dir, kwokExecFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if bytes.Count(content, []byte(kwokExecLine)) != 1 {
		return fmt.Errorf("%s is not what it was in the version that this was written for", kwokExecFile)
	}
	content = bytes.Replace(content, []byte(kwokExecLine), []byte(kwokExecFixed), 1)
	if err := writeFile(path, content, 0o644); err != nil {
		return err
	}
	addition, err := os.ReadFile(filepath.Join(l.Root, kubernetesModule, kwokAddition))
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(filepath.Dir(path), "lab_exit_status.go"), addition, 0o644)
}

// moduleFile writes the go.mod that builds use: the module's own, with kwok taken from the changed copy.
func (l *Lab) moduleFile(ctx context.Context, cache string) (string, error) {
	source, err := l.kwokSource(ctx, cache)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "lab.mod")
	for name, more := range map[string]string{"mod": fmt.Sprintf("\nreplace sigs.k8s.io/kwok => %q\n", source), "sum": ""} {
		content, err := os.ReadFile(filepath.Join(l.Root, kubernetesModule, "go."+name))
		if err != nil {
			return "", fmt.Errorf("read the module of the control plane: %w", err)
		}
		if err := writeFile(filepath.Join(cache, "lab."+name), append(content, more...), 0o644); err != nil {
			return "", fmt.Errorf("write the module file of the build: %w", err)
		}
	}
	return path, nil
}
