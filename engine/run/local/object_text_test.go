package local

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// An error that each element of a list has is told once.
func TestTextTellsAnErrorOnce(t *testing.T) {
	one := &hcl.Diagnostic{Severity: hcl.DiagError, Detail: "there is none at 0.", Subject: &hcl.Range{Filename: "a/b.hcl", Start: hcl.Pos{Line: 8}}}
	other := &hcl.Diagnostic{Severity: hcl.DiagError, Detail: "and this.", Subject: one.Subject}
	if got := text(hcl.Diagnostics{one, one, other, one}); got != "b.hcl:8: there is none at 0.; b.hcl:8: and this." {
		t.Errorf("got %q", got)
	}
}
