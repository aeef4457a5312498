// Package prometheus is the provider of a Prometheus server, or of what speaks its query API: queries, alerts, rules,
// targets and service-level objectives, over the API client of client_golang. PromQL that a runbook writes as a
// constant is checked offline by Prometheus's own parser.
//
// It changes nothing on the server, though queries are sent by POST. Start at [New]; each action has a file.
package prometheus
