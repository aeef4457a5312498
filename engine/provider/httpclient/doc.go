// Package httpclient has what providers that speak HTTP share: a transport that is bounded in connections and takes its
// proxy and trust from the [provider.Host], credentials that do not leave their origin, and a guard that lets only safe
// methods out.
//
// It sends nothing itself: see providers/http and providers/prometheus.
package httpclient
