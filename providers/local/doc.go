// Package local is the provider of the machine that the engine runs on: its disks, memory and files, its programs, and
// files to write. Programs are started without a shell, and their whole process group ends with them.
//
// It reaches no other machine. Start at [New]; each action has a file.
package local
