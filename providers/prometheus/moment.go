package prometheus

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// moment reads a time as Prometheus's API does: RFC 3339, or seconds since 1970.
func moment(text string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.Abs(seconds) > 1e12 || math.IsNaN(seconds) {
			return time.Time{}, fmt.Errorf("%q is out of range; it is read as seconds since 1970", text)
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time; write RFC 3339, such as \"2026-01-31T09:00:00Z\", or seconds since 1970", text)
	}
	return t, nil
}

func checkMoment(text string) error {
	_, err := moment(text)
	return err
}
