package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"sort"
	"strings"
)

// Check applies all rules and lists what breaks them, a sentence each, sorted.
func Check(t *Tree) []string {
	var found []string
	report := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, p := range t.Packages {
		checkPackage(p, report)
		for _, f := range p.Files {
			for i := range arrows {
				arrows[i].check(p, f, report)
			}
			if f.Lines > maxLines {
				report("%s has %d lines; split it before %d", f.Name, f.Lines, maxLines)
			}
			checkTemplates(p, f, report)
			checkGlobals(t, p, f, report)
			checkPure(t, p, f, report)
		}
	}
	sort.Strings(found)
	return found
}

type reporter = func(format string, args ...any)

func checkPackage(p *Package, report reporter) {
	if noPackages[path.Base(p.Path)] {
		report("package %s has a name that says nothing", p.Path)
	}
	source := false
	for _, f := range p.Files {
		source = source || !f.Test
		if path.Base(f.Name) == "doc.go" && f.AST.Doc != nil {
			return
		}
	}
	if source {
		report("package %s has no doc.go with a package comment", p.Path)
	}
}

// under reports whether a package is folder or below it.
func under(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }

func underAny(pkg string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return under(pkg, folder) })
}

// matches gives the folder of the rule that a package is in: for "providers/*" that of one provider.
func (a *arrow) matches(pkg string) (folder string, ok bool) {
	if underAny(pkg, a.except) {
		return "", false
	}
	parent, each := strings.CutSuffix(a.from, "/*")
	if !each {
		return a.from, under(pkg, a.from)
	}
	rest, ok := strings.CutPrefix(pkg, parent+"/")
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(rest, "/")
	return parent + "/" + name, true
}

func (a *arrow) check(p *Package, f *File, report reporter) {
	folder, ok := a.matches(p.Path)
	if !ok {
		return
	}
	for _, imported := range f.Imports {
		target, inside := strings.CutPrefix(imported, "./")
		if !inside || f.Test && underAny(target, a.tests) {
			continue
		}
		allowed := a.only == nil || underAny(target, a.only) || slices.Contains(a.only, "self") && under(target, folder)
		if !allowed || underAny(target, a.never) {
			report("%s imports %s: %s", f.Name, target, a.why)
		}
	}
}

// checkTemplates finds imports that would make the program larger than what it does.
func checkTemplates(p *Package, f *File, report reporter) {
	for _, imported := range f.Imports {
		if templates[imported] && !f.Test && !underAny(p.Path, templatesAllowed) {
			report("%s imports %s: a program that holds a template keeps every exported method of all its packages", f.Name, imported)
		}
	}
}

// checkGlobals finds uses of the process's globals and init functions.
func checkGlobals(t *Tree, p *Package, f *File, report reporter) {
	if f.Test {
		return
	}
	for _, d := range f.AST.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			report("%s:%d: an init function runs whether it is needed or not, and in no order", f.Name, t.line(fn))
		}
	}
	if underAny(p.Path, globalsAllowed) {
		return
	}
	names := localNames(f.AST, globals)
	ast.Inspect(f.AST, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := selector.X.(*ast.Ident); ok && globals[names[id.Name]][selector.Sel.Name] {
			report("%s:%d: %s.%s is the command line's; pass it in", f.Name, t.line(n), id.Name, selector.Sel.Name)
		}
		return true
	})
}

// localNames are the names by which a file calls the packages of a table.
func localNames(file *ast.File, table map[string]map[string]bool) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		if table[imported] == nil {
			continue
		}
		if spec.Name != nil {
			names[spec.Name.Name] = imported
		} else {
			names[imported] = imported
		}
	}
	return names
}
