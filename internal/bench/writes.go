package main

import (
	"fmt"
	"strconv"
	"strings"
)

// writes are chains of writes: each waits until its start is on disk. What a step costs is the journal's share and that of the
// request or the file, of which the bare loop shows the former's.
func (s *setup) writes() (group, error) {
	const n = 1_000
	g := group{title: "writes, one after the other"}
	for _, kind := range []struct{ name, provider, action, arguments string }{
		{"POST", fmt.Sprintf("provider \"http\" {\n  base_url = %q\n}\n", s.server), "http_request", "method = \"POST\"\n  url = \"/health\""},
		{"file write", "", "local_write_file", fmt.Sprintf("path = %q\n  content = \"x\"", s.dir+"/written")},
	} {
		for _, steps := range []int{1, n} {
			id := strings.ToLower(strings.ReplaceAll(kind.name, " ", "-")) + "-" + strconv.Itoa(steps)
			var b strings.Builder
			fmt.Fprintf(&b, "runbook %q {}\n%s", id, kind.provider)
			for i := range steps {
				fmt.Fprintf(&b, "\nstep %q \"s%d\" {\n  %s\n", kind.action, i, kind.arguments)
				if i > 0 {
					fmt.Fprintf(&b, "  depends_on = [step.s%d]\n", i-1)
				}
				b.WriteString("}\n")
			}
			file, err := writeRunbook(s.dir, id, b.String())
			if err != nil {
				return group{}, err
			}
			name := func(n int) string { return counted(n, kind.name) }
			g.cases = append(g.cases, &benchCase{name: name(steps), command: s.apply(file, id, "--auto-approve"), steps: steps, stepsBeyond: name(1)})
		}
	}
	g.cases = append(g.cases, &benchCase{
		name: "bare loop of 1,000 GETs", command: command{args: []string{s.web, "ask", s.server + "/health", strconv.Itoa(n), "1"}},
	})
	return g, nil
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
