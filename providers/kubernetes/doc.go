// Package kubernetes is the provider of Kubernetes clusters: what runs in them, how it fares, what its logs and events
// say. It speaks to the API server through client-go's REST client and starts no kubectl.
//
// It is not a general client library: there are no watches and no caches, each action asks afresh.
//
// What changes a cluster goes through two gates. guard, the innermost transport, lets only listed requests out unless the
// client may write and the action says in its context that it changes something (see intent); an edit notes what was
// there before it sends and sends the version that it read, so that before and after are exact (see edit).
//
// Two rules shape it. The program that links it must start fast, so the package knows the few types that it decodes
// (see newScheme) and never imports client-go's clientset, whose registration of every API group costs more than all
// the rest. And one run shares one HTTP connection, dialled once, however many steps start together (see warmUp).
//
// Start at [New] and client; each action has a file of its own name.
package kubernetes
