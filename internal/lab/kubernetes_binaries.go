package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// kubernetesVersion is what the servers report; the module below kubernetesModule requires the same.
const kubernetesVersion = "v1.37.2"

const kubernetesModule = "internal/lab/kubernetes"

// tool is a program of the control plane.
type tool struct {
	name string
	// source is its package, in the module of its own.
	source string
	// own is true when only the lab's build will do, whatever is on PATH.
	own bool
}

var kubernetesTools = []tool{
	{name: "etcd", source: "go.etcd.io/etcd/server/v3"},
	{name: "kube-apiserver", source: "k8s.io/kubernetes/cmd/kube-apiserver"},
	{name: "kube-controller-manager", source: "k8s.io/kubernetes/cmd/kube-controller-manager"},
	{name: "kube-scheduler", source: "k8s.io/kubernetes/cmd/kube-scheduler"},
	{name: "kubectl", source: "k8s.io/kubernetes/cmd/kubectl"},
	{name: "kwok", source: "sigs.k8s.io/kwok/cmd/kwok", own: true}, // its configuration comes from the same version
	{name: "metrics-server", source: "./metrics-server", own: true},
}

// kubernetesPrograms returns the path of each tool and the directory of kwok's module, and makes what is not there.
func (l *Lab) kubernetesPrograms(ctx context.Context) (paths map[string]string, kwokDir string, err error) {
	cache, err := l.kubernetesCache()
	if err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, "", fmt.Errorf("create the cache of programs: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(cache, "lock"), l.progress)
	if err != nil {
		return nil, "", err
	}
	defer unlock()
	paths, absent := l.findTools(cache)
	if len(absent) > 0 {
		if err := l.buildTools(ctx, cache, absent); err != nil {
			return nil, "", err
		}
		if paths, absent = l.findTools(cache); len(absent) > 0 {
			return nil, "", fmt.Errorf("build the control plane: %s is missing afterwards", absent[0].name)
		}
	}
	kwokDir, err = l.kwokSource(ctx, cache)
	return paths, kwokDir, err
}

// kubernetesCache is keyed by the version and by the exact content of the module.
func (l *Lab) kubernetesCache() (string, error) {
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "metrics-server/main.go", kwokAddition} {
		content, err := os.ReadFile(filepath.Join(l.Root, kubernetesModule, name))
		if err != nil {
			return "", fmt.Errorf("read the module of the control plane: %w", err)
		}
		_, _ = sum.Write(content)
	}
	return filepath.Join(l.CacheDir, "kubernetes-"+kubernetesVersion+"-"+hex.EncodeToString(sum.Sum(nil)[:4])), nil
}

// findTools looks into KUBEBUILDER_ASSETS, PATH and the cache, in this order.
func (l *Lab) findTools(cache string) (paths map[string]string, absent []tool) {
	paths = map[string]string{}
	for _, t := range kubernetesTools {
		candidates := []string{filepath.Join(cache, t.name)}
		if onPath, err := exec.LookPath(t.name); err == nil && !t.own {
			candidates = append([]string{onPath}, candidates...)
		}
		if l.KubernetesBinaries != "" && !t.own {
			candidates = append([]string{filepath.Join(l.KubernetesBinaries, t.name)}, candidates...)
		}
		for _, candidate := range candidates {
			if path, err := exec.LookPath(candidate); err == nil {
				paths[t.name] = path
				break
			}
		}
		if paths[t.name] == "" {
			absent = append(absent, t)
		}
	}
	return paths, absent
}

// goCommand prepares the go command for the module of the control plane, free of what the caller's environment says.
func (l *Lab) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = filepath.Join(l.Root, kubernetesModule)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false", "GOOS=", "GOARCH=")
	return command
}

// buildTools builds into a directory beside the cache and moves what is complete.
func (l *Lab) buildTools(ctx context.Context, cache string, tools []tool) error {
	sources, names := make([]string, 0, len(tools)), make([]string, 0, len(tools))
	for _, t := range tools {
		sources, names = append(sources, t.source), append(names, t.name)
	}
	begin := time.Now()
	l.progress.step("kubernetes", "building %s (once; about 7 minutes on two cores)", strings.Join(names, " "))
	total, err := l.countPackages(ctx, sources)
	if err != nil {
		return err
	}
	moduleFile, err := l.moduleFile(ctx, cache)
	if err != nil {
		return err
	}
	unfinished := filepath.Join(cache, "unfinished")
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		return fmt.Errorf("create the cache of programs: %w", err)
	}
	args := []string{
		"build", "-v", "-trimpath", "-modfile=" + moduleFile, "-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion=" + kubernetesVersion,
		"-o", unfinished + string(filepath.Separator),
	}
	build := l.goCommand(ctx, append(args, sources...)...)
	if err := l.watchBuild(build, total); err != nil {
		return err
	}
	for _, t := range tools {
		// etcd's package has a directory "server", and a major version after it.
		built := filepath.Join(unfinished, filepath.Base(strings.TrimSuffix(t.source, "/v3")))
		if err := os.Rename(built, filepath.Join(cache, t.name)); err != nil {
			return fmt.Errorf("move %s to the cache: %w", t.name, err)
		}
	}
	l.progress.step("kubernetes", "built in %s", time.Since(begin).Round(time.Second))
	return os.RemoveAll(unfinished)
}

// countPackages returns how many packages a build from nothing compiles. It downloads the modules on the way.
func (l *Lab) countPackages(ctx context.Context, sources []string) (int, error) {
	list := l.goCommand(ctx, append([]string{"list", "-deps"}, sources...)...)
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return 0, fmt.Errorf("list the packages of the control plane: %w\n%s", err, stderr.Bytes())
	}
	return bytes.Count(out, []byte("\n")), nil
}

// watchBuild runs go build -v, which names each package that it compiles, and tells how far it is every ten seconds.
func (l *Lab) watchBuild(build *exec.Cmd, total int) error {
	output, err := build.StderrPipe()
	if err != nil {
		return err
	}
	if err := build.Start(); err != nil {
		return fmt.Errorf("run the go command: %w", err)
	}
	const keep = 20
	var last []string
	told, compiled := time.Now(), 0
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		if line := scanner.Text(); !strings.HasPrefix(line, "go: downloading") {
			compiled++
			last = append(last, line)[max(0, len(last)+1-keep):]
		}
		if time.Since(told) >= 10*time.Second {
			told = time.Now()
			l.progress.step("kubernetes", "compiled %d of at most %d packages", compiled, total)
		}
	}
	if err := build.Wait(); err != nil {
		return fmt.Errorf("build the control plane: %w\n%s", err, strings.Join(last, "\n"))
	}
	return nil
}
