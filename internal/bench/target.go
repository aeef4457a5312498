package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// target is a limit of one metric of a case.
type target struct {
	metric metric
	// limit is in seconds or bytes. With base it is a multiple of that case's value, below 1 for "so many times less".
	limit float64
	base  string
}

// verdict is a target beside what was measured.
type verdict struct {
	text string
	met  bool
}

// judge compares. A base that was not measured, or came to nothing, gives no verdict.
func (t target) judge(r *result, all []*result) (verdict, bool) {
	value := t.metric.of(r)
	name := metricNames[t.metric]
	if t.base == "" {
		return verdict{fmt.Sprintf("%s at most %s", name, t.metric.show(t.limit)), value <= t.limit}, true
	}
	base := find(all, t.base)
	if base == nil || t.metric.of(base) <= 0 || value <= 0 {
		return verdict{}, false
	}
	share := value / t.metric.of(base)
	if t.limit < 1 {
		text := fmt.Sprintf("%s %.1f times less than %s (at least %s)", name, 1/share, t.base, number(1/t.limit))
		return verdict{text, share <= t.limit}, true
	}
	text := fmt.Sprintf("%s %.2f times that of %s (at most %s)", name, share, t.base, number(t.limit))
	return verdict{text, share <= t.limit}, true
}

func number(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
}

// show writes a value with its unit.
func (m metric) show(value float64) string {
	if m == memory {
		return megabytes(int64(value))
	}
	return seconds(time.Duration(value * float64(time.Second)))
}

// seconds keeps three digits or so: "12.3 ms", "1.23 s", "45.1 µs".
func seconds(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
	case d < 100*time.Millisecond:
		return number(round(float64(d)/float64(time.Millisecond), 1)) + " ms"
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	}
	return number(round(d.Seconds(), 2)) + " s"
}

func round(x float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
