// Command labctl starts and stops the lab; see package lab. It is what the Makefile calls and has no other users: tests
// read the env file. Start with run in main.go.
package main
