// Package graph turns the references between a runbook's steps into a directed acyclic graph.
//
// [Build] finds the edges: every reference of a step to another, written in place or through locals, every depends_on,
// and the order in which writes through one provider configuration take turns. A cycle is a diagnostic that prints the
// loop. [Graph.Select] cuts the graph down to targets and what they depend on; [Graph.Stages] says what may run side by
// side; [Graph.DOT] and [Graph.Mermaid] draw it.
//
// The package doesn't decide when a step runs (engine/run does) and doesn't report names that don't exist
// (engine/validate does).
package graph
