package provider

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration reads Go's durations and, beside them, "d" (24 hours) and "w" (7 days): "90s", "1h30m", "7d", "1w2d12h".
func ParseDuration(text string) (time.Duration, error) {
	rest, sign := text, time.Duration(1)
	if r, ok := strings.CutPrefix(rest, "-"); ok {
		rest, sign = r, -1
	}
	var total time.Duration
	for _, u := range [...]struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		count, after, ok := strings.Cut(rest, u.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(count, 64)
		if err != nil || math.IsNaN(n) || n < 0 || n*float64(u.length)+float64(total) >= math.MaxInt64 {
			return 0, durationError(text)
		}
		total += time.Duration(n * float64(u.length))
		rest = after
		if rest == "" {
			return sign * total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || strings.ContainsAny(rest[:1], "+-") || total > math.MaxInt64-d {
		return 0, durationError(text)
	}
	return sign * (total + d), nil
}

// Told rounds a duration that is told to milliseconds, but nothing shorter to none.
func Told(d time.Duration) time.Duration {
	if rounded := d.Round(time.Millisecond); rounded != 0 {
		return rounded
	}
	return d
}

func durationError(text string) error {
	return fmt.Errorf("%q is not a duration; write a number and a unit, such as \"30s\", \"5m\", \"1h30m\" or \"7d\"", text)
}
