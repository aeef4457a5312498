package main

import (
	"slices"
	"time"
)

// sample is what one run of a process cost. Memory is the peak of its largest process, in bytes; cpu is user and system
// time with that of the children that were waited for.
type sample struct {
	wall, cpu time.Duration
	memory    int64
}

// median takes each quantity by itself. It needs at least one sample.
func median(samples []sample) sample {
	return sample{
		wall:   middle(samples, func(s sample) time.Duration { return s.wall }),
		cpu:    middle(samples, func(s sample) time.Duration { return s.cpu }),
		memory: middle(samples, func(s sample) int64 { return s.memory }),
	}
}

// middle is the mean of the two in the middle where there is an even number.
func middle[N ~int64](samples []sample, of func(sample) N) N {
	values := make([]N, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return (values[half-1] + values[half]) / 2
}

// metric is one of the quantities that a target is about.
type metric int

const (
	wall metric = iota
	cpu
	memory
	perStep
)

var metricNames = map[metric]string{wall: "wall", cpu: "CPU", memory: "memory", perStep: "CPU per step"}

// of is the metric in seconds or bytes.
func (m metric) of(r *result) float64 {
	switch m {
	case cpu:
		return r.median.cpu.Seconds()
	case memory:
		return float64(r.median.memory)
	case perStep:
		return r.perStep.Seconds()
	}
	return r.median.wall.Seconds()
}
