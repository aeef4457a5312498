package sqlparse

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// hostModule is the name under which the parser looks for what a WASIX system offers.
const hostModule = "wasix_32v1"

// checkpoints are the places that one call of the parser can jump back to: PostgreSQL raises its errors with longjmp.
type checkpoints struct{ list []checkpoint }

type checkpoint struct {
	snapshot experimental.Snapshot
	// result is where the second return of setjmp finds its value; stack are the bytes of C's own stack above pointer.
	result, pointer uint32
	stack           []byte
}

type checkpointsKey struct{}

// withCheckpoints gives the context of one call.
func withCheckpoints(ctx context.Context) context.Context {
	return context.WithValue(experimental.WithSnapshotter(ctx), checkpointsKey{}, &checkpoints{})
}

var errHost = errors.New("the SQL parser asked for something that is not there")

// must ends the call of a module that misuses the host.
func must(ok bool) {
	if !ok {
		panic(errHost)
	}
}

// setjmp remembers where it was called from: (snapshot, result) → 0.
func setjmp(ctx context.Context, m api.Module, stack []uint64) {
	points, ok := ctx.Value(checkpointsKey{}).(*checkpoints)
	must(ok)
	pointer := uint32(m.ExportedGlobal("__stack_pointer").Get())
	top := uint32(m.ExportedGlobal("__heap_base").Get())
	bytes, ok := m.Memory().Read(pointer, top-pointer)
	must(ok)
	points.list = append(points.list, checkpoint{
		snapshot: experimental.GetSnapshotter(ctx).Snapshot(), result: uint32(stack[1]), pointer: pointer,
		stack: append([]byte{}, bytes...),
	})
	must(m.Memory().WriteUint64Le(uint32(stack[0]), uint64(len(points.list)-1)))
	must(m.Memory().WriteUint64Le(uint32(stack[1]), 0))
	stack[0] = 0
}

// longjmp goes back there: (snapshot, value).
func longjmp(ctx context.Context, m api.Module, stack []uint64) {
	points, ok := ctx.Value(checkpointsKey{}).(*checkpoints)
	must(ok)
	at, ok := m.Memory().ReadUint64Le(uint32(stack[0]))
	must(ok && at < uint64(len(points.list)))
	p, value := points.list[at], stack[1]
	pointer, ok := m.ExportedGlobal("__stack_pointer").(api.MutableGlobal)
	must(ok)
	pointer.Set(uint64(p.pointer))
	must(m.Memory().Write(p.pointer, p.stack))
	must(m.Memory().WriteUint64Le(p.result, value))
	stack[0] = 0
	p.snapshot.Restore(stack[:1])
}

// instantiateHost offers what the parser imports. It has one thread and takes no signals, so most is never called.
func instantiateHost(ctx context.Context, rt wazero.Runtime) error {
	never := api.GoModuleFunc(func(context.Context, api.Module, []uint64) { panic(errHost) })
	processID := api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
		must(m.Memory().WriteUint32Le(uint32(stack[0]), 1))
		stack[0] = 0
	})
	const i32, i64 = api.ValueTypeI32, api.ValueTypeI64
	functions := []struct {
		name            string
		call            api.GoModuleFunc
		params, results []api.ValueType
	}{
		{"callback_signal", never, []api.ValueType{i32, i32}, nil},
		{"futex_wait", never, []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i32}},
		{"futex_wake", never, []api.ValueType{i32, i32}, []api.ValueType{i32}},
		{"futex_wake_all", never, []api.ValueType{i32, i32}, []api.ValueType{i32}},
		{"proc_id", processID, []api.ValueType{i32}, []api.ValueType{i32}},
		{"thread_exit", never, []api.ValueType{i32}, nil},
		{"thread_signal", never, []api.ValueType{i32, i32}, []api.ValueType{i32}},
		{"stack_checkpoint", setjmp, []api.ValueType{i32, i32}, []api.ValueType{i32}},
		{"stack_restore", longjmp, []api.ValueType{i32, i64}, nil},
	}
	b := rt.NewHostModuleBuilder(hostModule)
	for _, f := range functions {
		b.NewFunctionBuilder().WithGoModuleFunction(f.call, f.params, f.results).Export(f.name)
	}
	if _, err := b.Instantiate(ctx); err != nil {
		return fmt.Errorf("offer the SQL parser its system: %w", err)
	}
	return nil
}
