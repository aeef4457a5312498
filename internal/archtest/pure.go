package archtest

import "go/ast"

// checkPure holds the scheduler to what makes it testable without a sleep: nothing but events goes in, nothing but
// commands comes out.
func checkPure(t *Tree, p *Package, f *File, report reporter) {
	if f.Test || !pure[p.Path] {
		return
	}
	for _, imported := range f.Imports {
		if impure[imported] {
			report("%s imports %s: %s", f.Name, imported, pureWhy)
		}
	}
	names := localNames(f.AST, clocks)
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report("%s:%d: go: %s", f.Name, t.line(n), pureWhy)
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && clocks[names[id.Name]][n.Sel.Name] {
				report("%s:%d: %s.%s: %s", f.Name, t.line(n), id.Name, n.Sel.Name, pureWhy)
			}
		}
		return true
	})
}
