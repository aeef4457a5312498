// Package trust finds the certificates that a provider's TLS connections trust and the one that they show. Relative
// paths start at the folder that the caller names; SSL_CERT_FILE is read from the [provider.Host].
package trust
