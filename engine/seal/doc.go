// Package seal encrypts what the events of a run leave out because it is sensitive, so that a journal can keep it for a
// resume: see [Sealer]. Nothing touches the key before there is something to seal.
//
// It does not decide what is sensitive, and does not blank anything: marks and internal/redact do.
package seal
