// Package lang reads runbook files into a typed model and evaluates their expressions.
//
// [Load] parses a runbook and the workspace above it, in HCL's native syntax or its JSON form, and decodes them into a
// [Runbook]; it goes on after errors, so that all come back at once, and bounds what it reads, so that no file can
// overflow the stack or the memory. [ResolveVariables] gives the variables their values. A [Scope] evaluates expressions
// with the values of just the names that they refer to, and [Explain] takes a condition apart for people: which part was
// false, and what it saw.
//
// What can be checked of a model without running it is in engine/validate; what order it runs in, in engine/graph.
//
// The files rules_*.go are the grammar: tables of what may stand in each block. The files functions*.go are the functions,
// with Terraform's names and meanings. testdata/spec holds the language's rules as cases: see TestSpec.
package lang
