package report

import (
	"bufio"
	"html"
	"strings"

	"github.com/e82355ed/runbook/internal/term"
)

// page writes HTML element by element. Names of elements and attributes are the program's own; every text and every value of an attribute
// goes through [page.text] or [page.open], which escape it. html/template would do that too, but a program that holds a template keeps all
// exported methods of all its packages: it would be a quarter larger.
type page struct{ *bufio.Writer }

// open begins an element with attributes, a name and a value each.
func (p page) open(name string, attributes ...string) {
	p.raw("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			p.raw(" " + attributes[i] + `="` + html.EscapeString(term.CleanLine(attributes[i+1])) + `"`)
		}
	}
	p.raw(">")
}

func (p page) close(name string) { p.raw("</" + name + ">\n") }

// text writes a text of unknown origin.
func (p page) text(text string) { p.raw(html.EscapeString(term.Clean(text))) }

// element writes an element that holds a text.
func (p page) element(name, text string, attributes ...string) {
	p.open(name, attributes...)
	p.text(text)
	p.close(name)
}

// lines writes text as it is laid out; without lines nothing. A browser leaves out the first line end.
func (p page) lines(lines []string) {
	if len(lines) > 0 {
		p.element("pre", "\n"+strings.Join(lines, "\n"))
	}
}

// within writes an element around what write writes.
func (p page) within(name string, write func(), attributes ...string) {
	p.open(name, attributes...)
	write()
	p.close(name)
}

// table writes a table with its headers, and a row for each call of row that gives true.
func (p page) table(caption string, headers []string, rows int, row func(i int)) {
	if rows == 0 {
		return
	}
	p.within("table", func() {
		p.element("caption", caption)
		if headers != nil {
			p.within("thead", func() {
				p.within("tr", func() {
					for _, h := range headers {
						p.element("th", h, "scope", "col")
					}
				})
			})
		}
		p.within("tbody", func() {
			for i := range rows {
				p.within("tr", func() { row(i) })
			}
		})
	})
}

// raw writes the program's own text.
func (p page) raw(text string) { p.WriteString(text) } //nolint:errcheck // the writer keeps it for its end
