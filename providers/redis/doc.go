// Package redis is the provider of Redis and of what speaks its protocol: its actions read a server's health and run
// reading commands.
//
// It works through redis/go-redis and starts no program. A hook of the client lets out only commands that the server
// itself flags as reading, and a named list beside them (see guard.go), so that no action can change a key by mistake.
// Writes are declared, and not carried out yet.
//
// Start at [New]. settings.go turns a provider block, or REDIS_URL, into the client's options; client.go runs commands;
// one file per action declares the rest.
package redis
