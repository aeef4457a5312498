// Package postgres keeps the journal in a PostgreSQL database that a team shares, in the schema "runbook".
//
// Events are committed in batches like those of journal/sqlite, each with synchronous_commit on. When the server restarts, a batch is
// sent again for a while; whether the one before was committed shows in what is kept. Locks go by the database's clock. Start at
// [Open].
package postgres
