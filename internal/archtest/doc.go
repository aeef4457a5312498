// Package archtest keeps the architecture as it is drawn: which package may import which, where the process's globals may
// be touched, that packages are documented and files small. It parses the sources and needs no build, so that its test
// takes a fraction of a second. The rules stand in rules.go; [Check] applies them.
package archtest
