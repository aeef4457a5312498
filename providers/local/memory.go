package local

import (
	"context"
	"fmt"
	"runtime"

	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/e82355ed/runbook/engine/provider"
)

type memoryArgs struct{}

type memoryResult struct {
	TotalBytes     int64   `rb:"total_bytes" doc:"Memory of the machine."`
	AvailableBytes int64   `rb:"available_bytes" doc:"What programs can still have without swapping."`
	UsedPercent    float64 `rb:"used_percent" doc:"Share that is not available."`
	Load1          float64 `rb:"load1" doc:"Mean number of running or waiting processes over the last minute."`
	CPUs           int     `rb:"cpus" doc:"How many CPUs the engine may use; a load above it means that processes wait."`
}

func memoryUsage() provider.Action {
	return provider.Define(provider.Definition[*client, memoryArgs, memoryResult]{
		Name: "local_memory", Doc: "Measures the memory and the load of the machine.",
		Run: runMemory,
		Summarize: func(r *memoryResult) string {
			return fmt.Sprintf("%.0f%% used, load %.2f on %s", r.UsedPercent, r.Load1, counted(r.CPUs, "CPU", "CPUs"))
		},
	})
}

func runMemory(ctx context.Context, _ *provider.In[*client, memoryArgs]) (*memoryResult, error) {
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, &provider.Error{Op: "measure the memory", Err: err}
	}
	average, err := load.AvgWithContext(ctx)
	if err != nil {
		return nil, &provider.Error{Op: "measure the load", Err: err}
	}
	r := &memoryResult{
		TotalBytes: int64(memory.Total), AvailableBytes: int64(memory.Available), Load1: average.Load1, CPUs: runtime.NumCPU(),
	}
	if memory.Total > 0 {
		r.UsedPercent = 100 * float64(memory.Total-min(memory.Available, memory.Total)) / float64(memory.Total)
	}
	return r, nil
}
