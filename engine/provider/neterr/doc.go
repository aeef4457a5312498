// Package neterr tells why talking over a network failed, in words for the person on call: "connect to db:5432:
// connection refused" in place of "dial tcp 10.0.0.7:5432: connect: connection refused", and never a bare "EOF".
//
// It names no endpoint and no operation beyond the connection's own address: those are in [provider.Error]. Every error
// it gives wraps the original. Start at [Explain].
package neterr
