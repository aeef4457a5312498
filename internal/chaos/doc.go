// Package chaos holds tests of what the program does when the world around it fails: networks that break in every way,
// services that restart, processes that are killed, disks that fill up, clocks that jump, crowds and long histories.
// docs/reliability.md says which promise each of them keeps.
//
// The tests take a sample by default, so that they fit into make test. With the flag -long, which make chaos sets, they
// try every case. There is no code here but tests: start at network_test.go.
package chaos
