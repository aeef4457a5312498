package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/diagfmt"
	"github.com/e82355ed/runbook/internal/term"
)

// printJSON writes one value for machines, indented for people.
func (p *Program) printJSON(v any) error {
	var text, indented bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	if err := json.Indent(&indented, run.BlankJSON(text.Bytes(), p.redactor.Bytes), "", "  "); err != nil {
		return err
	}
	_, err := p.bareOut.Write(append(bytes.TrimSpace(indented.Bytes()), '\n'))
	return err
}

// say writes a line to standard error. Where that can't be written there is nobody left to tell.
func (p *Program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Err, format+"\n", args...)
	if p.settleErr != nil {
		p.settleErr() // a line is whole, and what comes next may come from elsewhere
	}
}

// printDiagnostics writes problems to standard error and gives the error that refuses to go on, where one must.
func (p *Program) printDiagnostics(diags hcl.Diagnostics, sources map[string]*hcl.File) error {
	if len(diags) == 0 {
		return nil
	}
	if err := diagfmt.Text(p.Err, diagfmt.NewReport(unique(diags), sources), p.diagnosticStyle()); err != nil {
		return fmt.Errorf("write to standard error: %w", err)
	}
	switch {
	case engine.LeavesToLookAt(diags):
		return exit(ExitLeftOver)
	case diags.HasErrors():
		return exit(ExitRefused)
	}
	return nil
}

// table lays out rows in columns that are two spaces apart; the last column is not padded.
func table(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], term.Width(cell))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for j, cell := range row {
			if j < len(row)-1 {
				cell = term.Pad(cell, widths[j]) + "  "
			}
			b.WriteString(cell)
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// printLines writes lines to standard output in one write.
func (p *Program) printLines(lines ...string) error {
	_, err := fmt.Fprintln(p.Out, strings.Join(lines, "\n"))
	return err
}
