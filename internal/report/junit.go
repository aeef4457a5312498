package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/e82355ed/runbook/internal/term"
)

// The elements of JUnit's XML, as Jenkins, GitLab and GitHub's actions read them. There is no standard of it; the order of the elements is
// that of the schema of Jenkins (xunit-plugin, junit-10.xsd), and times are seconds.
type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Hostname   string          `xml:"hostname,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        *junitText      `xml:"system-out,omitempty"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Skipped   *junitSkipped `xml:"skipped,omitempty"`
	Error     *junitProblem `xml:"error,omitempty"`
	Failure   *junitProblem `xml:"failure,omitempty"`
	SystemOut *junitText    `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitText struct {
	Text string `xml:",chardata"`
}

func writeJUnit(w *bufio.Writer, r *Run) error {
	suite := junitSuite{
		Name: term.CleanLine(r.Runbook), Time: seconds(r.DurationMS), Timestamp: r.StartedAt.UTC().Format("2006-01-02T15:04:05"),
		Out: textOf(append([]string{r.stands(), r.next()}, r.leftLines()...)),
	}
	if len(r.Sessions) > 0 {
		suite.Hostname = term.CleanLine(r.Sessions[0].Host)
	}
	for _, fact := range r.facts() {
		suite.Properties = append(suite.Properties, junitProperty{fact[0], fact[1]})
	}
	for _, o := range r.Outputs {
		suite.Properties = append(suite.Properties, junitProperty{"output " + o.Name, strings.Join(valueLines(&o), "\n")})
	}
	for _, c := range r.cases() {
		suite.add(r, c)
	}
	all := junitSuites{
		Name: "runbook", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped, Time: suite.Time, Suite: suite,
	}
	if _, err := w.WriteString(xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(&all); err != nil {
		return err
	}
	_, err := w.WriteString("\n")
	return err
}

// add adds a test and counts it.
func (s *junitSuite) add(r *Run, c testCase) {
	out := junitCase{Name: c.name, Class: s.Name, Time: seconds(c.did.DurationMS), File: fileOf(r, c.source), SystemOut: textOf(c.out)}
	s.Tests++
	problem := &junitProblem{Message: c.message, Type: "fail", Text: strings.Join(c.evidence, "\n")}
	switch c.verdict {
	case failed:
		s.Failures++
		out.Failure = problem
	case erred:
		s.Errors++
		problem.Type = "error"
		out.Error = problem
	case skipped:
		s.Skipped++
		out.Skipped = &junitSkipped{c.message}
		out.SystemOut = textOf(append(c.evidence, c.out...))
	}
	s.Cases = append(s.Cases, out)
}

// fileOf is the file that a test stands in, for links to it. Sources have the name alone: that of the runbook's own file is known in full.
func fileOf(r *Run, source string) string {
	name, _, _ := strings.Cut(source, ":")
	if name != "" && name == filepath.Base(r.File) {
		return r.File
	}
	return name
}

// textOf is what lines have to say; nil: nothing.
func textOf(lines []string) *junitText {
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	if text == "" {
		return nil
	}
	return &junitText{text}
}

// seconds writes milliseconds as JUnit does.
func seconds(ms float64) string {
	return fmt.Sprintf("%.3f", max(time.Duration(ms*float64(time.Millisecond)).Seconds(), 0))
}
