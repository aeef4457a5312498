// Command web is the other side of the bench's HTTP cases, and their lower bound.
//
//	web serve                    serves on a free port of loopback, prints its URL, ends with its standard input
//	web ask URL COUNT PARALLEL   asks that often, so many at once, and wants the status "healthy" each time
//
// The server answers /health at once and /slow after 20 ms. It is a process of its own, so that what it uses is not
// counted as runbook's. Asking is the bare loop: what the requests themselves cost in Go.
package main
