package lang

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/provider"
)

// decoder turns one parsed file into a Runbook. It goes on after errors, so that all are reported at once.
type decoder struct {
	registry *provider.Registry
	child    *provider.Provider // of steps that run a runbook
	source   []byte
	dir      string
	kind     fileKind
	rb       *Runbook
	diags    hcl.Diagnostics
	// syntaxErrors is set where the parser left things out, so that what seems to be missing may be there.
	syntaxErrors bool

	runbookAt hcl.Range // of the runbook block; zero: none yet
	// stepNames holds the places of steps and checks, configs those of provider blocks by name and alias, outputs
	// those of outputs.
	stepNames, outputs map[string]hcl.Range
	configs            map[[2]string]hcl.Range
	// converted are the bodies of the JSON syntax in the native one's form.
	converted map[hcl.Body]*hclsyntax.Body
}

func (d *decoder) errorAt(at hcl.Range, summary, format string, args ...any) {
	d.diags = append(d.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at,
	})
}

// place is a range for a sentence: "daily.hcl:27".
func place(r hcl.Range) string {
	return fmt.Sprintf("%s:%d", filepath.Base(r.Filename), r.Start.Line)
}

// duplicate reports a second declaration of a name.
func (d *decoder) duplicate(at hcl.Range, what, name string, first hcl.Range) {
	d.errorAt(at, "Duplicate "+what, "There is %s %q at %s already; names must differ.", withArticle(what), name, place(first))
}

func (d *decoder) decodeFile(body hcl.Body) {
	d.stepNames = map[string]hcl.Range{}
	d.outputs = map[string]hcl.Range{}
	d.configs = map[[2]string]hcl.Range{}
	file := fileRules
	if d.kind == workspaceFile {
		file = workspaceRules
	}
	decodeBody(d, file, body, body.MissingItemRange(), d.rb, nil)
	if d.kind == runbookFile && d.runbookAt.Empty() && !d.syntaxErrors {
		detail := "A runbook file holds one runbook block: runbook \"name\" { … }."
		if len(strings.TrimSpace(string(d.source))) == 0 {
			detail = "The file is empty. " + detail
		}
		if IsWorkspace(d.rb.File) {
			detail = "This is a workspace file: it is read with the runbooks beside and below it, and holds none itself."
		}
		at := hcl.Range{Filename: d.rb.File, Start: hcl.InitialPos, End: hcl.InitialPos}
		d.errorAt(at, "No runbook", "%s", detail)
	}
}
