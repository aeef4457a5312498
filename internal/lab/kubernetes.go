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

// kubernetesUp runs a control plane and fills it. A cluster of which a part has died, or that another version of the lab
// has started or filled, is thrown away: making a new one takes seconds, and every test finds the same.
func (l *Lab) kubernetesUp(ctx context.Context) (outcome, error) {
	programs, kwokDir, err := l.kubernetesPrograms(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := l.linkPrograms(programs); err != nil {
		return outcome{}, err
	}
	if err := l.kubernetesConfigure(kwokDir); err != nil {
		return outcome{}, err
	}
	cluster, err := newCluster(l.path("kubeconfig"))
	if err != nil {
		return outcome{}, err
	}
	commands := l.kubernetesProcesses(programs)
	contents, err := l.kubernetesContents()
	if err != nil {
		return outcome{}, err
	}
	result := outcome{detail: fmt.Sprintf("https://%s, %s, %d nodes", l.address("kubernetes"), kubernetesVersion, len(nodes))}
	// What the tests have made of a whole cluster since is theirs; it only has to answer.
	if l.kubernetesWhole(commands, contents) {
		soon, cancel := context.WithTimeoutCause(ctx, answerDeadline, errors.New("does not answer"))
		defer cancel()
		if err := l.await(soon, cluster.answers, names(commands)...); err == nil || ctx.Err() != nil {
			return result, err
		}
		l.progress.step("kubernetes", "does not answer as it should, making it anew")
	}
	result.started = true
	if err := l.kubernetesClear(ctx, commands); err != nil {
		return outcome{}, err
	}
	if err := l.kubernetesConfigure(kwokDir); err != nil {
		return outcome{}, err
	}
	if err := l.kubernetesStart(ctx, commands, cluster); err != nil {
		return outcome{}, err
	}
	if err := l.kubernetesFill(ctx, cluster); err != nil {
		return outcome{}, err
	}
	if err := l.await(ctx, cluster.complete, names(commands)...); err != nil {
		return outcome{}, err
	}
	if err := writeFile(l.kubeFile("filled"), []byte(contents), 0o644); err != nil {
		return outcome{}, fmt.Errorf("mark the cluster as filled: %w", err)
	}
	return result, nil
}

// kubernetesWhole reports whether all processes run as they would be started now, and the cluster was filled to the end.
func (l *Lab) kubernetesWhole(commands []command, contents string) bool {
	filled, err := os.ReadFile(l.kubeFile("filled"))
	if err != nil || string(filled) != contents {
		return false
	}
	for _, c := range commands {
		if current, err := l.current(c); err != nil || !current {
			return false
		}
	}
	return true
}

// kubernetesStart starts the processes. The API server and its store come first, the rest needs their answer.
func (l *Lab) kubernetesStart(ctx context.Context, commands []command, cluster *cluster) error {
	const servers = 2
	for _, batch := range [][]command{commands[:servers], commands[servers:]} {
		for _, c := range batch {
			if _, err := l.ensure(ctx, c); err != nil {
				return err
			}
		}
		if err := l.await(ctx, cluster.ready, names(batch)...); err != nil {
			return err
		}
		// The nodes are there before the programs that look after them, which so find them at their first look.
		if err := l.createNodes(ctx, cluster); err != nil {
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
func (l *Lab) kubernetesContents() (string, error) {
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
