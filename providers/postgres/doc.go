// Package postgres is the provider of PostgreSQL: its actions read a server's health and the rows of a query, and carry
// out changes.
//
// It speaks the extended protocol through jackc/pgx and starts no program. Every statement of a reading action runs in a
// READ ONLY transaction which is rolled back at its end, and travels with that transaction in one round trip (see
// exchange.go). READ ONLY stops no function that signals or reads files, so an author's query is also held against what
// is known to only read (guard.go, over sqlparse's parse trees). Changes run on connections of their own (execution.go).
//
// Start at [New]. settings.go turns a provider block, or the PG* variables, into connection settings; client.go holds
// the pool; one file per action declares the rest.
package postgres
