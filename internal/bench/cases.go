package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// benchCase is one row of the table.
type benchCase struct {
	// before makes what the command needs, once; nil: nothing.
	before func(ctx context.Context) error
	name   string
	command
	targets []target
	// steps is how many steps it runs; stepsBeyond names the case of the same group whose steps and time are taken off
	// for the cost of one. Both are for the cases that show a cost per step.
	steps       int
	stepsBeyond string
	// atATime is how often it is measured each turn: more often where a difference of short times counts. 0: once.
	atATime int
}

// group is cases that take turns.
type group struct {
	title string
	cases []*benchCase
}

// setup is what the cases are made of: the programs, where the sources are, a folder for what is generated, and the
// server of the HTTP cases.
type setup struct {
	*programs
	root, dir, server string
}

// The names that targets refer to.
const (
	byHand = "floor"
	byBash = "bash"
)

func groups(s *setup) ([]group, error) {
	out := []group{s.morning(), s.startUp()}
	for _, make := range []func() (group, error){s.emptySteps, s.writes, s.resumes, s.polls, s.httpChecks, s.slowChecks} {
		g, err := make()
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

// apply runs a runbook with a history of its own.
func (s *setup) apply(file, store string, more ...string) command {
	args := []string{s.runbook, "apply", file, "--store", filepath.Join(s.dir, store+".db")}
	return command{args: append(args, more...), prints: []string{"passed"}}
}

func (s *setup) morningFile() string {
	return filepath.Join(s.root, "runbooks", "daily", "morning-health-check.hcl")
}

func (s *setup) morning() group {
	return group{"morning check", []*benchCase{
		{name: "runbook apply", command: s.apply(s.morningFile(), "morning"), targets: []target{
			{metric: wall, limit: 1.5, base: byHand},
			{metric: wall, limit: 1.0 / 7, base: byBash},
			{metric: cpu, limit: 1.0 / 8, base: byBash},
		}},
		{name: byHand, command: command{args: []string{s.floor}}},
		{name: byBash, command: command{
			args: []string{s.script},
			// One word of each program's answer: the script itself goes on whatever happens.
			prints: []string{"control plane", "Ready", "READY", "version", "PONG", "healthy", "\n2", "notAfter", "%"},
		}},
	}}
}

func (s *setup) startUp() group {
	return group{"start-up", []*benchCase{
		{name: "version", command: command{args: []string{s.runbook, "version"}}, targets: []target{{metric: wall, limit: 0.015}}},
		{
			name:    "validate the morning check",
			command: command{args: []string{s.runbook, "validate", s.morningFile()}}, targets: []target{{metric: wall, limit: 0.050}},
		},
	}}
}

// stepCounts are the sizes of the graphs of empty steps.
var stepCounts = []int{1, 100, 1_000, 10_000}

// sameCost is how far the cost of a step may be from that in a small graph and still count as the same: the small
// graph's is the difference of two short times.
const sameCost = 1.5

// smallGraph is up to how many steps a graph is measured more often.
const smallGraph = 100

func (s *setup) emptySteps() (group, error) {
	g := group{title: "empty steps"}
	for _, kind := range []string{"independent", "chained"} {
		name := func(n int) string { return fmt.Sprintf("%d %s", n, kind) }
		for _, n := range stepCounts {
			id := kind + "-" + strconv.Itoa(n)
			file, err := writeRunbook(s.dir, id, emptySteps(id, n, kind == "chained"))
			if err != nil {
				return group{}, err
			}
			c := &benchCase{name: name(n), command: s.apply(file, id), steps: n, stepsBeyond: name(1)}
			if n <= smallGraph {
				c.atATime = 5
			}
			if n == stepCounts[len(stepCounts)-1] {
				c.targets = []target{
					{metric: wall, limit: 2}, {metric: memory, limit: 200e6},
					{metric: perStep, limit: sameCost, base: name(stepCounts[1])},
				}
			}
			g.cases = append(g.cases, c)
		}
	}
	return g, nil
}

func (s *setup) httpChecks() (group, error) {
	const n = 1_000
	file, err := writeRunbook(s.dir, "http", httpChecks("http", s.server, "/health", n, 0))
	if err != nil {
		return group{}, err
	}
	few := s.apply(file, "http-few-files", "--max-parallel", strconv.Itoa(n))
	few.args = append([]string{"sh", "-c", `ulimit -n 256 && exec "$@"`, "sh"}, few.args...)
	return group{"1,000 HTTP checks", []*benchCase{
		{name: "runbook apply", command: s.apply(file, "http"), targets: []target{
			{metric: wall, limit: 0.250}, {metric: cpu, limit: 0.2},
		}},
		{name: "runbook apply, all at once, 256 open files", command: few},
		{name: "bare loop, 16 at once", command: command{args: []string{s.web, "ask", s.server + "/health", strconv.Itoa(n), "16"}}},
	}}, nil
}

func (s *setup) slowChecks() (group, error) {
	const n = 100
	file, err := writeRunbook(s.dir, "slow", httpChecks("slow", s.server, "/slow", n, n))
	if err != nil {
		return group{}, err
	}
	oneCPU := s.apply(file, "slow-one-cpu")
	oneCPU.env = []string{"GOMAXPROCS=1"}
	return group{"100 HTTP checks of 20 ms, 100 at once", []*benchCase{
		{name: "runbook apply", command: s.apply(file, "slow"), targets: []target{{metric: wall, limit: 0.080}}},
		{name: "runbook apply, GOMAXPROCS=1", command: oneCPU},
		{name: "bare loop, 100 at once", command: command{args: []string{s.web, "ask", s.server + "/slow", strconv.Itoa(n), strconv.Itoa(n)}}},
	}}, nil
}
