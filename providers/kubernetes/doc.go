// Package kubernetes is the provider of Kubernetes clusters: what runs in them, how it fares, what its logs and events
// say. It speaks to the API server through client-go's REST client and starts no kubectl.
//
// It is not a general client library: there are no watches and no caches, each action asks afresh. Actions that change
// a cluster are declared, so that a runbook that uses them can be checked and planned; this version does not run them.
//
// Two rules shape it. The program that links it must start fast, so the package knows the few types that it decodes
// (see newScheme) and never imports client-go's clientset, whose registration of every API group costs more than all
// the rest. And one run shares one HTTP connection, dialled once, however many steps start together (see warmUp).
//
// Start at [New] and client; each action has a file of its own name.
package kubernetes
