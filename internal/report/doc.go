// Package report tells a whole run in one document: for the test reports of a CI (JUnit, TAP), for tickets and pull requests (Markdown),
// for people (HTML) and for programs (JSON).
//
// A [Recorder] is given the events of a run, in all of its sessions, and keeps those that a report needs: its memory grows with the steps,
// not with the events. [Recorder.Run] makes the document of them, a [Run], in which secrets are blanked once more, and [Write] writes it in
// one of the [Formats]. Each writer escapes what it is given for its own format; none of them looks at events.
package report
