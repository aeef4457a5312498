package local

import "context"

// patiently runs what the system may hold for ever and no signal ends: a call into a dead network file system, a read
// of a device. When the context ends first, its error is given, and work is left behind with what only it can see.
func patiently[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
