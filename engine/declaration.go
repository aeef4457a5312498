package engine

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/lang"
)

// declaration is what files say of one thing that they declare, without comments, white space and the order of what is assigned.
type declaration struct {
	// head is how its block begins: its type and labels.
	head     string
	assigned map[string]source
	// blocks are those within it, by their type and otherwise as they stand in the file.
	blocks []*declaration
	// text is all of it: two that are alike say the same.
	text string
	// several says that its blocks are all that stands under one name, such as a provider and its aliases.
	several bool
}

// source is an expression as it stands in a file: its tokens, and how it is shown, on one line. Where it holds relative paths that start at another
// folder than the runbook's, both say so.
type source struct{ tokens, shown string }

// declarations are what a runbook's own file and its workspace declare, by what refers to it; of the other files the whole.
func declarations(rb *lang.Runbook) map[string]*declaration {
	all := map[string][]*declaration{}
	for _, name := range names(rb.Sources) {
		file := rb.Sources[name]
		if own := name == rb.File || name == rb.Workspace; !own {
			all["file "+besideOf(rb, name)] = []*declaration{{text: string(file.Bytes)}}
			continue
		}
		declaredBy(all, rb, name)
	}
	return together(all)
}

// besideOf is the path of a file of a runbook, seen from the runbook's own.
func besideOf(rb *lang.Runbook, name string) string { return seenFrom(filepath.Dir(rb.File), name) }

func seenFrom(folder, path string) string {
	out, err := filepath.Rel(folder, path)
	if err != nil { // one of them is relative, and the other is not
		return path
	}
	return out
}

// together makes one of all that stands under a name.
func together(all map[string][]*declaration) map[string]*declaration {
	out := map[string]*declaration{}
	for name, list := range all {
		if out[name] = list[0]; len(list) > 1 {
			out[name] = group(list)
		}
	}
	return out
}

// group makes one of several declarations, whose order means nothing.
func group(list []*declaration) *declaration {
	out := &declaration{several: true}
	out.blocks = slices.SortedFunc(slices.Values(list), func(a, b *declaration) int { return strings.Compare(a.text, b.text) })
	out.whole().blocks = list
	return out
}

// kinds are the words by which expressions refer to blocks, by the block's type.
var kinds = map[string]string{
	"step": "step", "check": "step", "variable": "var", "contact": "contact", "escalation": "escalation", "provider": "provider",
	"output": "output", "runbook": "runbook", "policy": "policy", "environment": "environment",
}

// behind are the parts of a step that come after its action, by what they are told as: with another of them the step does what
// it did.
var behind = map[string]string{"undo": undoPart, "assert": checksPart, "threshold": checksPart, "remedy": checksPart, "show": checksPart}

const (
	undoPart   = "undo of "
	checksPart = "checks of "
)

// declaredBy adds what a file of a runbook declares.
func declaredBy(out map[string][]*declaration, rb *lang.Runbook, name string) {
	in := declaring{rb: rb, file: rb.Sources[name]}
	body, ok := in.file.Body.(*hclsyntax.Body) // in either syntax
	if !ok {
		return
	}
	if folder := rb.FolderOf(name); folder != rb.Dir {
		in.folder = seenFrom(rb.Dir, folder)
	}
	add := func(name string, d *declaration) { out[name] = append(out[name], d.whole()) }
	for _, b := range body.Blocks {
		all := in.declared(b)
		if b.Type == "locals" {
			for name, value := range all.assigned {
				add("local "+name, &declaration{head: all.head, assigned: map[string]source{name: value}})
			}
			continue
		}
		name := kinds[b.Type]
		if len(b.Labels) > 0 {
			name += " " + b.Labels[len(b.Labels)-1]
		}
		if b.Type == "step" {
			for _, part := range []string{undoPart, checksPart} {
				if cut := all.cut(part); cut != nil {
					add(part+name, cut)
				}
			}
		}
		add(name, all)
	}
}

// declaring reads what a file declares.
type declaring struct {
	rb   *lang.Runbook
	file *hcl.File
	// folder is where its relative paths start, seen from the runbook's own; empty: there.
	folder string
}

// declared reads a block.
func (in declaring) declared(b *hclsyntax.Block) *declaration {
	d := &declaration{head: b.Type, assigned: map[string]source{}}
	for _, label := range b.Labels {
		d.head += ` "` + label + `"`
	}
	for name, attr := range b.Body.Attributes {
		said := sourceOf(hcl.Range{Filename: attr.SrcRange.Filename, Start: attr.EqualsRange.End, End: attr.SrcRange.End}, in.file)
		if in.folder != "" && lang.FromFolder(attr.Expr, in.isFile(b, name)) {
			said.tokens, said.shown = said.tokens+"\x00"+in.folder, said.shown+" in "+in.folder
		}
		d.assigned[name] = said
	}
	for _, inner := range b.Body.Blocks {
		d.blocks = append(d.blocks, in.declared(inner))
	}
	slices.SortStableFunc(d.blocks, func(a, b *declaration) int { return strings.Compare(a.kind(), b.kind()) })
	return d.whole()
}

// isFile reports whether an attribute of a block names a file.
func (in declaring) isFile(b *hclsyntax.Block, name string) bool {
	return b.Type == "provider" && slices.ContainsFunc(in.rb.Providers, func(c *lang.ProviderConfig) bool {
		return len(b.Labels) > 0 && c.Provider == b.Labels[0] && namesFile(c, name)
	})
}

// kind is the type of a block.
func (d *declaration) kind() string {
	kind, _, _ := strings.Cut(d.head, " ")
	return kind
}

// whole notes the text of a declaration.
func (d *declaration) whole() *declaration {
	var b strings.Builder
	b.WriteString(d.head)
	for _, name := range slices.Sorted(maps.Keys(d.assigned)) {
		b.WriteString("\x00" + name + "=" + d.assigned[name].tokens)
	}
	for _, inner := range d.blocks {
		b.WriteString("\x00{" + inner.text + "\x00}")
	}
	d.text = b.String()
	return d
}

// cut takes a part of a step out that comes behind its action; nil: it has none.
func (d *declaration) cut(part string) *declaration {
	out := &declaration{assigned: map[string]source{}}
	for name, value := range d.assigned {
		if behind[name] == part {
			out.assigned[name] = value
			delete(d.assigned, name)
		}
	}
	var rest []*declaration
	for _, b := range d.blocks {
		if behind[b.kind()] == part {
			out.blocks = append(out.blocks, b)
		} else {
			rest = append(rest, b)
		}
	}
	if d.blocks = rest; len(out.assigned)+len(out.blocks) == 0 {
		return nil
	}
	return out
}

// sourceOf is a part of a file. It is shown without comments, on one line.
func sourceOf(at hcl.Range, file *hcl.File) source {
	if text, ok := lang.CompactJSON(at, file); ok {
		return source{text, text}
	}
	all, _ := hclsyntax.LexConfig(at.SliceBytes(file.Bytes), at.Filename, at.Start) // the file was parsed before
	var tokens, shown strings.Builder
	end := at.Start.Byte
	for _, t := range all {
		if t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenEOF {
			continue
		}
		if t.Range.Start.Byte > end && shown.Len() > 0 {
			shown.WriteByte(' ')
		}
		end = t.Range.End.Byte
		tokens.Write(t.Bytes)
		tokens.WriteByte(0)
		shown.Write(t.Bytes)
	}
	return source{tokens.String(), shown.String()}
}

// names are what several maps hold, sorted.
func names[T any](maps ...map[string]T) []string {
	seen := map[string]bool{}
	var out []string
	for _, m := range maps {
		for name := range m {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}
