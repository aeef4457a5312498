package validate

import (
	"regexp"
	"time"

	"github.com/adhocore/gronx"
)

// zoneName is the form of a time zone's name, for machines that have no time zone database.
var zoneName = regexp.MustCompile(`^(UTC|GMT|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$`)

// schedule checks the cron expression and the time zone.
func schedule(c *checker) {
	s := c.rb.Schedule
	if s == nil {
		return
	}
	if s.Cron != "" && !gronx.IsValid(s.Cron) {
		c.error(s.CronRange, "Invalid cron expression",
			"%q is not a cron expression; write minute, hour, day of month, month and day of week, such as \"0 9 * * 1-5\" for weekdays at 9:00.", s.Cron)
	}
	if s.Timezone != "" && !isZone(s.Timezone) {
		c.error(s.TimezoneRange, "Unknown time zone", "%q is not a time zone; write one of the IANA database, such as \"Europe/Berlin\" or \"UTC\".", s.Timezone)
	}
}

func isZone(name string) bool {
	if name == "Local" {
		return false
	}
	if _, err := time.LoadLocation(name); err == nil {
		return true
	}
	// Without a database every name is unknown, and only the form can be checked.
	_, err := time.LoadLocation("Europe/London")
	return err != nil && zoneName.MatchString(name)
}
