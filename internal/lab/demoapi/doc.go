// Package demoapi is the service that the lab's runbooks look after: a small HTTP API with a health check, metrics, and
// paths that are slow, fail, redirect, need a password or answer with a lot.
//
// It is not an example of how to write a service. Start with Serve; the paths are in one table in routes.go.
package demoapi
