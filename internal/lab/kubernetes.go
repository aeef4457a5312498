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
)

// kubernetesUp runs a control plane and fills it. A cluster whose store has died, or that was filled by another version
// of the lab or only half, is thrown away: making a new one takes seconds, and every test finds the same.
func (l *Lab) kubernetesUp(ctx context.Context) (outcome, error) {
	programs, kwokDir, err := l.kubernetesPrograms(ctx)
	if err != nil {
		return outcome{}, err
	}
	if err := l.linkPrograms(programs); err != nil {
		return outcome{}, err
	}
	contents, err := l.kubernetesContents()
	if err != nil {
		return outcome{}, err
	}
	commands := l.kubernetesProcesses(programs)
	filled, _ := os.ReadFile(l.kubeFile("filled")) // absent is as good as different
	whole := l.running("etcd") && string(filled) == contents
	if !whole {
		if err := l.kubernetesClear(ctx, commands); err != nil {
			return outcome{}, err
		}
	}
	if err := l.kubernetesConfigure(kwokDir); err != nil {
		return outcome{}, err
	}
	cluster, err := newCluster(l.path("kubeconfig"))
	if err != nil {
		return outcome{}, err
	}
	started, err := l.kubernetesStart(ctx, commands, cluster)
	if err != nil {
		return outcome{}, err
	}
	if !whole {
		if err := l.kubernetesFill(ctx, cluster); err != nil {
			return outcome{}, err
		}
	}
	if err := l.await(ctx, cluster.complete, names(commands)...); err != nil {
		return outcome{}, err
	}
	if err := writeFile(l.kubeFile("filled"), []byte(contents), 0o644); err != nil {
		return outcome{}, fmt.Errorf("mark the cluster as filled: %w", err)
	}
	return outcome{started: started, detail: fmt.Sprintf("https://%s, %s, %d nodes", l.address("kubernetes"), kubernetesVersion, len(nodes))}, nil
}

// kubernetesStart starts what does not run. The API server and its store come first, the rest needs their answer.
func (l *Lab) kubernetesStart(ctx context.Context, commands []command, cluster *cluster) (started bool, err error) {
	const servers = 2
	for _, batch := range [][]command{commands[:servers], commands[servers:]} {
		for _, c := range batch {
			did, err := l.ensure(ctx, c)
			if err != nil {
				return false, err
			}
			started = started || did
		}
		if err := l.await(ctx, cluster.ready, names(batch)...); err != nil {
			return false, err
		}
		// The nodes are there before the programs that look after them, which so find them at their first look.
		if err := l.createNodes(ctx, cluster); err != nil {
			return false, err
		}
	}
	return started, nil
}

// kubernetesClear stops what is left of a cluster and removes its data.
func (l *Lab) kubernetesClear(ctx context.Context, commands []command) error {
	for _, c := range commands {
		if err := l.stopRecorded(ctx, c.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
