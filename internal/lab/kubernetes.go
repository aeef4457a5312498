package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// answerDeadline is how long a cluster that runs may take to show that it is in order.
const answerDeadline = 15 * time.Second

// controlPlane is what one Up needs to know of the cluster.
type controlPlane struct {
	*cluster
	commands []command
	// kwokDir is kwok's module.
	kwokDir string
	// contents identifies what the cluster is filled with.
	contents string
}

// kubernetesUp runs a control plane and fills it. A cluster of which a part has died, or that another version of the lab
// has started or filled, is thrown away: making a new one takes seconds, and every test finds the same.
func (l *Lab) kubernetesUp(ctx context.Context) (outcome, error) {
	plane, err := l.kubernetesPrepare(ctx)
	if err != nil {
		return outcome{}, err
	}
	result := outcome{detail: fmt.Sprintf("https://%s, %s, %d nodes", l.address("kubernetes"), kubernetesVersion, len(nodes))}
	// What the tests have made of a whole cluster since is theirs; it only has to answer.
	if l.kubernetesWhole(plane) {
		soon, cancel := context.WithTimeoutCause(ctx, answerDeadline, errors.New("does not answer"))
		defer cancel()
		if err := l.await(soon, plane.answers, names(plane.commands)...); err == nil || ctx.Err() != nil {
			return result, err
		}
		l.progress.step("kubernetes", "does not answer as it should, making it anew")
	}
	result.started = true
	return result, l.kubernetesRenew(ctx, plane)
}

// kubernetesPrepare makes what the processes are started with: programs and configuration.
func (l *Lab) kubernetesPrepare(ctx context.Context) (*controlPlane, error) {
	programs, kwokDir, err := l.kubernetesPrograms(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.linkPrograms(programs); err != nil {
		return nil, err
	}
	if err := l.kubernetesConfigure(kwokDir); err != nil {
		return nil, err
	}
	cluster, err := newCluster(l.path("kubeconfig"))
	if err != nil {
		return nil, err
	}
	contents, err := kubernetesContents()
	if err != nil {
		return nil, err
	}
	return &controlPlane{cluster: cluster, commands: l.kubernetesProcesses(programs), kwokDir: kwokDir, contents: contents}, nil
}

// kubernetesWhole reports whether all processes run as they would be started now, and the cluster was filled to the end.
func (l *Lab) kubernetesWhole(plane *controlPlane) bool {
	filled, err := os.ReadFile(l.kubeFile("filled"))
	if err != nil || string(filled) != plane.contents {
		return false
	}
	for _, c := range plane.commands {
		if current, err := l.current(c); err != nil || !current {
			return false
		}
	}
	return true
}

// kubernetesRenew makes a cluster from nothing.
func (l *Lab) kubernetesRenew(ctx context.Context, plane *controlPlane) error {
	if err := l.kubernetesClear(ctx, plane.commands); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return l.kubernetesConfigure(plane.kwokDir) },
		func() error { return l.kubernetesStart(ctx, plane) },
		func() error { return l.kubernetesFill(ctx, plane.cluster) },
		func() error { return l.await(ctx, plane.complete, names(plane.commands)...) },
		func() error { return l.givePodsLogs(ctx, plane.cluster) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := writeFile(l.kubeFile("filled"), []byte(plane.contents), 0o644); err != nil {
		return fmt.Errorf("mark the cluster as filled: %w", err)
	}
	return nil
}

// kubernetesStart starts the processes. The API server and its store come first, the rest needs their answer.
func (l *Lab) kubernetesStart(ctx context.Context, plane *controlPlane) error {
	const servers = 2
	logsKind, err := os.ReadFile(filepath.Join(plane.kwokDir, kwokLogsKind))
	if err != nil {
		return fmt.Errorf("read kwok's files: %w", err)
	}
	for _, batch := range [][]command{plane.commands[:servers], plane.commands[servers:]} {
		for _, c := range batch {
			if _, err := l.ensure(ctx, c); err != nil {
				return err
			}
		}
		if err := l.await(ctx, plane.ready, names(batch)...); err != nil {
			return err
		}
		// What the other programs look after is there before them, so that they find it at their first look.
		if err := l.createNodes(ctx, plane.cluster); err != nil {
			return err
		}
		if err := plane.apply(ctx, logsKind); err != nil {
			return err
		}
	}
	return nil
}

// kubernetesClear stops what is left of a cluster and removes its data.
func (l *Lab) kubernetesClear(ctx context.Context, commands []command) error {
	for _, c := range commands {
		if err := l.stopRecorded(ctx, c.name); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(l.path("data", "etcd")), os.RemoveAll(l.path("data", "kubernetes")))
}

// kubernetesContents identifies what the cluster is filled with.
func kubernetesContents() (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%v %v", nodes, releases)
	err := fs.WalkDir(manifestFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := manifestFiles.ReadFile(path)
		_, _ = sum.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the manifests: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// linkPrograms offers kubectl and its like under one directory, wherever they come from.
func (l *Lab) linkPrograms(programs map[string]string) error {
	dir := l.path("bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the directory of programs: %w", err)
	}
	for name, path := range programs {
		link := filepath.Join(dir, name)
		if target, err := os.Readlink(link); err == nil && target == path {
			continue
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replace the link to %s: %w", name, err)
		}
		if err := os.Symlink(path, link); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}
