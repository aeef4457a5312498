// Package postgres is the provider of PostgreSQL: its actions read a server's health and the rows of a query.
//
// It speaks the extended protocol through jackc/pgx and starts no program. Every statement that an action sends runs in
// a READ ONLY transaction which is rolled back at its end, and travels with that transaction in one round trip (see
// exchange.go). Writes are declared, and not carried out yet.
//
// Start at [New]. settings.go turns a provider block, or the PG* variables, into connection settings; client.go holds
// the pool; one file per action declares the rest.
package postgres
