package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var pageStyle string

// page is the template, read where a page is written first: most programs write none.
var page = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"clean": term.Clean, "moment": moment, "duration": duration, "value": view.Value, "output": valueLines, "lines": lines, "kind": kindOf,
		"number": func(v float64) string { return fmt.Sprintf("%g", v) }, "compact": compact,
	}).Parse(pageText)
})

// pageData is what the template is given.
type pageData struct {
	*Run
	Style template.CSS
	// Policy lets a browser load and run nothing but the style of the page.
	Policy         string
	Title          string
	Sign, Stands   string
	Next           string
	LeftLines      []string
	Facts          [][2]string
	Rows           []row
	Troubles, Open []row
	Undid          []row
	Talks          []talk
}

// row is a step or an undo as the page shows it.
type row struct {
	// ID is what links lead to.
	ID                     string
	Name, Sign, Word, Line string
	Took                   string
	Depth                  int
	Before                 []string
	Evidence               []string
	Waits                  []string
	*Did
}

// talk is a question with what followed.
type talk struct {
	Step, At, Prompt string
	Lines, Came      []string
}

func writeHTML(w *bufio.Writer, r *Run) error {
	t, err := page()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(pageStyle))
	data := pageData{
		Run: r, Style: template.CSS(pageStyle), //nolint:gosec // our own
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Title:  r.title(), Sign: r.sign(), Stands: r.stands(), Next: r.next(), LeftLines: r.leftLines(), Facts: r.facts(),
	}
	for i, s := range r.Steps {
		one := rowOf(fmt.Sprintf("step-%d", i+1), s.Step, s.line(), &s.Did)
		one.Word, one.Before, one.Depth = s.word(), s.before(), strings.Count(s.Step, "/")
		if q := s.open(); q != nil {
			one.Waits = append([]string{q.waits()}, q.lines...)
			data.Open = append(data.Open, one)
		}
		if !s.Gone {
			data.add(one)
		}
		data.Rows = append(data.Rows, one)
		for _, q := range s.Asked {
			data.Talks = append(data.Talks, talk{s.Step, moment(q.At), q.prompt(), q.lines, q.came()})
		}
	}
	for i, u := range r.Undos {
		one := rowOf(fmt.Sprintf("undo-%d", i+1), u.name, u.line(), &u.Did)
		one.Before = u.settled()
		data.add(one)
		data.Undid = append(data.Undid, one)
	}
	return t.Execute(w, data)
}

// add lists what did not pass.
func (d *pageData) add(one row) {
	switch one.Outcome {
	case run.Fail, run.Error, run.Warn:
		d.Troubles = append(d.Troubles, one)
	}
}

func rowOf(id, name, line string, d *Did) row {
	return row{ID: id, Name: name, Sign: d.sign(), Word: d.word(), Line: line, Took: d.took(), Did: d, Evidence: d.evidence}
}

// lines are lines of text, one below the other.
func lines(all []string) string { return term.Clean(strings.Join(all, "\n")) }

// kindOf is the class of an outcome, which gives it its colour beside its sign and its word.
func kindOf(o run.Outcome) string {
	switch o {
	case run.Pass:
		return "good"
	case run.Warn, run.Cancelled:
		return "warn"
	case run.Fail, run.Error:
		return "bad"
	}
	return "none"
}

// compact writes a check's condition on one line, as the terminal does.
func compact(text string) string { return strings.Join(strings.Fields(term.Clean(text)), " ") }
