package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// leastRuns is how many runs a median needs here.
const leastRuns = 7

type options struct {
	runs int
	only string
	json bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := options{}
	flag.IntVar(&o.runs, "n", leastRuns, "how often each case is measured, after a warm-up")
	flag.StringVar(&o.only, "only", "", "measure only the groups whose title contains this")
	flag.BoolVar(&o.json, "json", false, "print one JSON object a case in place of the table")
	flag.Parse()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	if o.runs < leastRuns {
		return fmt.Errorf("-n %d is too few for a median; it takes at least %d", o.runs, leastRuns)
	}
	if err := checkLab(os.LookupEnv); err != nil {
		return err
	}
	s := &setup{}
	if s.root, err = moduleRoot("."); err != nil {
		return err
	}
	if err := say(progress, "building"); err != nil {
		return err
	}
	if s.programs, err = build(ctx, s.root); err != nil {
		return err
	}
	release, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	all, err := groups(s)
	if err != nil {
		return err
	}
	results, err := measureAll(ctx, o, all, progress)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(out, results)
	}
	return writeTable(out, results)
}

// prepare makes the folder for what is generated, beside the binaries and so on the disk of the sources rather than in
// memory: the histories must be durable. It also starts the server. Release undoes both.
func (s *setup) prepare(ctx context.Context) (release func() error, err error) {
	if s.dir, err = os.MkdirTemp(s.root+"/bin", "bench-"); err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(s.dir) }
	address, stop, err := serve(ctx, s.programs)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	s.server = address
	return func() error { return errors.Join(stop(), remove()) }, nil
}

// say tells on standard error what goes on.
func say(progress io.Writer, what string) error {
	_, err := fmt.Fprintln(progress, what)
	return err
}

func measureAll(ctx context.Context, o options, all []group, progress io.Writer) ([]measured, error) {
	var out []measured
	for _, g := range all {
		if !strings.Contains(g.title, o.only) {
			continue
		}
		if err := say(progress, "measuring: "+g.title); err != nil {
			return nil, err
		}
		results, err := runGroup(ctx, g.cases, o.runs)
		if err != nil {
			return nil, err
		}
		out = append(out, measured{g.title, results})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no group's title contains %q", o.only)
	}
	return out, nil
}
