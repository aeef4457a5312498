package provider

import "time"

// MomentFormat is how a time is written for people: the wall clock, with its zone as they may sit in different ones. JSON has
// RFC 3339 in UTC instead.
const MomentFormat = "2006-01-02 15:04:05 MST"

// Moment writes a time for people, by the clock on this machine's wall: "2026-11-24 20:16:41 CET".
func Moment(at time.Time) string { return at.Local().Format(MomentFormat) }
