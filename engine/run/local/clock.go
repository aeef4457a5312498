package local

import "time"

// steady is a clock that goes on from now as the system's monotonic one does. An event's time is compared with others
// after its monotonic part is lost, in UTC and in the journal: were it the wall clock's, setting that back by an hour
// would have a retry wait for an hour, and setting it ahead would end every poll. Nil is the system's clock.
func steady(now func() time.Time) func() time.Time {
	if now == nil {
		now = time.Now
	}
	began := now()
	wall := began.Round(0)
	return func() time.Time { return wall.Add(now().Sub(began)) }
}
