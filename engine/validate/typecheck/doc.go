// Package typecheck finds the type errors of one expression without evaluating it on real values.
//
// HCL evaluates an expression over unknown values, yet it stops where a value decides: the body of a `for` over a list
// of unknown length is not looked at, nor is the branch of a conditional that isn't taken, nor the right side of
// `false && x`. [Check] walks the tree instead: each node is given the values of its parts, which were checked before
// it, and HCL's own rules decide what the node makes of them. So constants fold to known values, all else is an unknown
// value of the right type, and one mistake is one diagnostic.
//
// The package knows nothing of runbooks: what a name stands for is the [Env]'s to say.
package typecheck
