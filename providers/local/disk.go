package local

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/neterr"
)

type diskArgs struct {
	Path string `rb:"path,required,filled" doc:"A file or folder on the file system."`
}

type diskResult struct {
	TotalBytes        int64    `rb:"total_bytes" doc:"Size of the file system."`
	UsedBytes         int64    `rb:"used_bytes" doc:"What is used."`
	FreeBytes         int64    `rb:"free_bytes" doc:"What others than root may still use."`
	UsedPercent       float64  `rb:"used_percent" doc:"Used share of what is used or free, rounded up to a whole number as df does."`
	InodesUsedPercent *float64 `rb:"inodes_used_percent" doc:"Used share of the inodes, rounded up; null where the file system has no fixed number."`
	Filesystem        string   `rb:"filesystem" doc:"Device, or whatever is mounted; empty when it is not in the list of mounts."`
	Type              string   `rb:"type" doc:"Kind of file system, such as ext4."`
	Mount             string   `rb:"mount" doc:"Where it is mounted."`
}

func diskUsage() provider.Action {
	return provider.Define(provider.Definition[*client, diskArgs, diskResult]{
		Name: "local_disk", Doc: "Measures the file system that holds a path.",
		Run: runDisk,
		Summarize: func(r *diskResult) string {
			return fmt.Sprintf("%.0f%% used, %s free", r.UsedPercent, size(r.FreeBytes))
		},
	})
}

func runDisk(ctx context.Context, in *provider.In[*client, diskArgs]) (*diskResult, error) {
	path := absolute(in.Dir, in.Args.Path)
	r, err := patiently(ctx, func() (*diskResult, error) { return measure(ctx, path) })
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, fileError("measure the disk", path, neterr.Explain(ctx, err, "asking the file system"))
	case err != nil:
		return nil, fileError("measure the disk", path, err)
	}
	return r, nil
}

func measure(ctx context.Context, path string) (*diskResult, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	usage, err := disk.UsageWithContext(ctx, path)
	if err != nil {
		return nil, err
	}
	r := &diskResult{
		TotalBytes: int64(usage.Total), UsedBytes: int64(usage.Used), FreeBytes: int64(usage.Free), Type: usage.Fstype,
		UsedPercent: percentUp(usage.Used, usage.Used+usage.Free),
	}
	if usage.InodesTotal > 0 {
		inodes := percentUp(usage.InodesUsed, usage.InodesTotal)
		r.InodesUsedPercent = &inodes
	}
	mounts, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("list the mounts: %w", err)
	}
	for _, m := range mounts {
		// The longest mount point wins, of equal ones the last: it hides the others.
		if within(path, m.Mountpoint) && len(m.Mountpoint) >= len(r.Mount) {
			r.Mount, r.Filesystem, r.Type = m.Mountpoint, m.Device, m.Fstype
		}
	}
	return r, nil
}

// percentUp rounds up, as df does, so that a disk with one block used is not at 0.
func percentUp(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	percent := part * 100 / whole
	if part*100%whole != 0 {
		percent++
	}
	return float64(percent)
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}
