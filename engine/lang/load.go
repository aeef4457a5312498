package lang

import (
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/provider"
)

// DefaultMaxFileBytes bounds a runbook file where [LoadOptions] does not: about 30,000 steps.
const DefaultMaxFileBytes = 4 << 20

// LoadOptions says how to read runbooks. Its zero value reads the file system and knows no provider.
type LoadOptions struct {
	// Registry holds the providers whose actions steps may use. Nil: actions and their arguments are not looked at.
	Registry *provider.Registry
	// ReadFile reads a file; nil: the file system, bounded by MaxFileBytes. Its error for a file that is not there
	// must be fs.ErrNotExist.
	ReadFile func(path string) ([]byte, error)
	// Workspaces lists the workspaces of a runbook, the nearest first, where ReadFile gives files as they were and the links are
	// gone by which they were found. Nothing for one whose workspaces its path leads to.
	Workspaces func(path string) []string
	// MaxFileBytes is the largest file accepted, in bytes; zero: [DefaultMaxFileBytes].
	MaxFileBytes int
	// Environment is chosen among those that the runbook and its workspace declare; empty: none is. It applies to the
	// runbooks that steps run too, as far as theirs declare any.
	Environment string
}

func (o *LoadOptions) maxFileBytes() int {
	if o.MaxFileBytes > 0 {
		return o.MaxFileBytes
	}
	return DefaultMaxFileBytes
}

// Load reads the runbook file at path and the workspace above it. All problems come back at once, sorted by file and
// position. The runbook is never nil: beside errors it holds what could be read, and its Sources show the diagnostics.
func Load(path string, opts LoadOptions) (*Runbook, hcl.Diagnostics) {
	f := &family{provider: childProvider(), loaded: map[string]*Runbook{}}
	rb, diags := load(path, &opts, f, nil)
	// A file that two runbooks share, as a workspace, tells its problems once.
	diags = distinct(diags)
	sortDiagnostics(diags, rb.File)
	return rb, diags
}

// load reads a runbook, its workspace, and the runbooks that its steps run. parent is the one that runs it, or nil.
func load(path string, opts *LoadOptions, f *family, parent *Runbook) (*Runbook, hcl.Diagnostics) {
	rb, diags := loadFile(path, opts, runbookFile, f.provider)
	workspaces, wsDiags := findWorkspaces(path, opts, f.provider)
	diags = append(diags, wsDiags...)
	for i, workspace := range workspaces {
		rb.Workspaces = append(rb.Workspaces, workspace.File)
		if i == 0 {
			rb.mergeWorkspace(workspace)
		}
		rb.heed(workspace)
	}
	if parent != nil {
		diags = append(diags, rb.inherit(parent)...)
	} else {
		diags = append(diags, rb.choose(opts.Environment)...)
	}
	rb.index()
	return rb, append(diags, f.loadChildren(rb, opts)...)
}

func distinct(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct {
		summary, detail string
		at              hcl.Range
	}
	seen := make(map[key]bool, len(diags))
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.at = *d.Subject
		}
		if seen[k] {
			return true
		}
		seen[k] = true
		return false
	})
}

// LoadWorkspace reads a workspace file alone, to check it. The result holds its blocks and no steps.
func LoadWorkspace(path string, opts LoadOptions) (*Runbook, hcl.Diagnostics) {
	rb, diags := loadFile(path, &opts, workspaceFile, childProvider())
	if files, more := opts.workspacesIn(filepath.Dir(path)); slices.Contains(files, filepath.Clean(path)) {
		diags = append(diags, more...)
	}
	rb.Workspace = path
	rb.index()
	sortDiagnostics(diags, path)
	return rb, diags
}

// fileKind is what a file may hold.
type fileKind int

const (
	runbookFile fileKind = iota
	workspaceFile
)

func newRunbook(path string) *Runbook {
	return &Runbook{
		File: path, Dir: absoluteDir(path), MaxParallel: defaultMaxParallel,
		Sources:   map[string]*hcl.File{},
		Variables: map[string]*Variable{}, Locals: map[string]*Local{},
		Contacts: map[string]*Contact{}, Escalations: map[string]*Escalation{}, Environments: map[string]*Environment{},
	}
}

func absoluteDir(path string) string {
	dir := filepath.Dir(path)
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

func loadFile(path string, opts *LoadOptions, kind fileKind, child *provider.Provider) (*Runbook, hcl.Diagnostics) {
	rb := newRunbook(path)
	source, err := readFile(path, opts)
	if err != nil {
		return rb, hcl.Diagnostics{unreadable(path, err)}
	}
	file, diags := parse(source, path)
	if file == nil {
		return rb, diags
	}
	rb.Sources[path] = file
	d := &decoder{
		registry: opts.Registry, child: child, source: file.Bytes, dir: rb.Dir, kind: kind, rb: rb, syntaxErrors: diags.HasErrors(),
	}
	d.decodeFile(file.Body)
	rb.Sources[path] = d.inNativeForm(file)
	return rb, append(diags, d.diags...)
}

// mergeWorkspace adds the workspace's blocks that the runbook does not have itself.
func (r *Runbook) mergeWorkspace(ws *Runbook) {
	r.Workspace = ws.File
	addMissing(r.Variables, ws.Variables)
	addMissing(r.Locals, ws.Locals)
	addMissing(r.Contacts, ws.Contacts)
	addMissing(r.Escalations, ws.Escalations)
	own := map[[2]string]bool{}
	for _, p := range r.Providers {
		own[[2]string{p.Provider, p.Alias}] = true
	}
	for _, p := range ws.Providers {
		if !own[[2]string{p.Provider, p.Alias}] {
			r.Providers = append(r.Providers, p)
		}
	}
}

func addMissing[T any](into, from map[string]T) {
	for name, v := range from {
		if _, ok := into[name]; !ok {
			into[name] = v
		}
	}
}

// index makes Step find its steps; of two with one name, which is an error, the first counts.
func (r *Runbook) index() {
	r.stepsByName = make(map[string]*Step, len(r.Steps))
	for i, s := range r.Steps {
		s.Index = i
		if s.Undo != nil {
			s.Undo.Step.Index = i
		}
		if r.stepsByName[s.Name] == nil {
			r.stepsByName[s.Name] = s
		}
	}
}

// sortDiagnostics orders by file, the runbook's own first, and by position within it.
func sortDiagnostics(diags hcl.Diagnostics, first string) {
	rank := func(d *hcl.Diagnostic) (string, int) {
		switch {
		case d.Subject == nil:
			return "", 0
		case d.Subject.Filename == first:
			return " ", d.Subject.Start.Byte
		}
		return "!" + d.Subject.Filename, d.Subject.Start.Byte
	}
	sort.SliceStable(diags, func(i, j int) bool {
		fi, bi := rank(diags[i])
		fj, bj := rank(diags[j])
		if c := strings.Compare(fi, fj); c != 0 {
			return c < 0
		}
		return bi < bj
	})
}
