package provider

import "context"

type stepKey struct{}

// ForStep is a context of what is done for a step of a run, by its address. A client that several steps share can tell with it who
// makes another wait.
func ForStep(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, stepKey{}, address)
}

// StepOf gives the address of the step that something is done for; empty: it is done for none.
func StepOf(ctx context.Context) string {
	address, _ := ctx.Value(stepKey{}).(string)
	return address
}
