// Package vault reads secrets from the key/value engine (versions 2 and 1) of a Vault or OpenBao server, configured by the
// environment as their command line is: see [Read]. It writes nothing, logs in nowhere and renews no token.
package vault
