// Package stores opens a journal by its address: a file, or the URL of a database. It is the one place that names them all.
package stores
