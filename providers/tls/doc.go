// Package tls is the provider that looks at certificates: of a server, or in a file.
//
// A certificate that does not verify is a result, with the reason, and not an error: looking at bad certificates is
// what the provider is for. It sends nothing beyond the handshake. Start at [New]; certificate.go has the action.
package tls
