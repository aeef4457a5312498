// Package lab starts, on loopback, the real services that the demo and the tests run against: PostgreSQL, Redis,
// Prometheus, nginx, a small API and a Kubernetes control plane whose nodes and pods are simulated by kwok.
//
// It is not a production installer and not a test framework: nothing it starts is tuned for durability, everything is
// thrown away by Down, and tests read its addresses from one env file instead of importing this package.
//
// Start with Lab.Up, which runs the services of services.go side by side, and with service in service.go, which says
// what each of them has to do. What differs from run to run (ports, passwords, process identities) is under the
// directory named by Config.StateDir; what never changes (built programs) is under Config.CacheDir.
package lab
