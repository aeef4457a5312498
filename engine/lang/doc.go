// Package lang reads runbook files into a typed model and evaluates their expressions.
//
// Load parses a runbook and the workspace above it, in HCL's native syntax or its JSON form, and decodes them into a
// [Runbook]. A Scope gives expressions the values of the names that they refer to. What can be checked of a model
// without running it is in engine/validate; what order it runs in, in engine/graph.
package lang
