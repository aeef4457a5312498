package lang

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// hostFunctions adds those that look at the machine, the clock or the environment.
func hostFunctions(h *FunctionHost, table map[string]function.Function) {
	table["file"] = textFunction("path", h.readText)
	table["filebase64"] = textFunction("path", func(path string) (string, error) {
		content, err := h.read(path)
		return base64.StdEncoding.EncodeToString(content), err
	})
	for name, digest := range digests {
		table["file"+name] = textFunction("path", func(path string) (string, error) {
			content, err := h.read(path)
			return hex.EncodeToString(digest(content)), err
		})
	}
	table["fileexists"] = h.fileExists()
	table["fileset"] = h.fileSet()
	table["templatefile"] = h.templateFile(table)
	table["abspath"] = textFunction("path", func(path string) (string, error) { return filepath.ToSlash(h.resolve(path)), nil })
	table["basename"] = textFunction("path", func(path string) (string, error) { return filepath.Base(path), nil })
	table["dirname"] = textFunction("path", func(path string) (string, error) { return filepath.Dir(path), nil })
	table["pathexpand"] = textFunction("path", h.expand)
	table["env"] = h.env()
	table["secret"] = h.secret()
	table["sensitive"] = h.sensitive()
	table["timestamp"] = h.clock(func() time.Time { return h.StartedAt })
	table["now"] = h.clock(func() time.Time {
		if h.Now == nil {
			return h.StartedAt
		}
		return h.Now()
	})
	table["date"] = h.date()
}

func (h *FunctionHost) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(h.Dir, path)
}

func (h *FunctionHost) expand(path string) (string, error) {
	rest, tilde := strings.CutPrefix(path, "~")
	if !tilde || rest != "" && rest[0] != '/' && rest[0] != filepath.Separator {
		return path, nil
	}
	if h.HomeDir == "" {
		return "", errors.New("the user has no home folder")
	}
	return filepath.Join(h.HomeDir, rest), nil
}

func (h *FunctionHost) read(path string) ([]byte, error) {
	path, err := h.expand(path)
	if err != nil {
		return nil, err
	}
	path = h.resolve(path)
	if h.OnFile != nil {
		h.OnFile(path)
	}
	content, err := readFile(path, &LoadOptions{ReadFile: h.ReadFile})
	var pathErr *fs.PathError
	switch {
	case err == nil:
		return content, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case errors.As(err, &pathErr):
		return nil, fmt.Errorf("%s can't be read: %w", path, pathErr.Err)
	}
	return nil, fmt.Errorf("%s can't be read: %w", path, err)
}

func (h *FunctionHost) readText(path string) (string, error) {
	content, err := h.read(path)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) {
		return "", fmt.Errorf("%s is not UTF-8 text; filebase64 reads any file", path)
	}
	return string(content), nil
}

func (h *FunctionHost) fileExists() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("path")},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, err := h.expand(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			path = h.resolve(path)
			if h.ReadFile != nil {
				_, err = h.ReadFile(path)
			} else {
				var info fs.FileInfo
				if info, err = os.Stat(path); err == nil && info.IsDir() {
					return cty.NilVal, function.NewArgErrorf(0, "%s is a directory, not a file", path)
				}
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.BoolVal(err == nil), nil
		},
	})
}

func (h *FunctionHost) fileSet() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("path"), text("pattern")},
		Type:         function.StaticReturnType(cty.Set(cty.String)),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			root, err := h.expand(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			folders := &boundedFolders{FS: os.DirFS(h.resolve(root))}
			found, err := doublestar.Glob(folders, args[1].AsString(), doublestar.WithFilesOnly())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(1, "%q is not a pattern", args[1].AsString())
			}
			if err := folders.err(); err != nil {
				return cty.NilVal, err
			}
			if len(found) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			sort.Strings(found)
			values := make([]cty.Value, len(found))
			for i, f := range found {
				values[i] = cty.StringVal(f)
			}
			return cty.SetVal(values), nil
		},
	})
}

// templateFile renders a file as a template that sees the given variables and every function but itself.
func (h *FunctionHost) templateFile(table map[string]function.Function) function.Function {
	render := func(path, vars cty.Value) (cty.Value, error) {
		if t := vars.Type(); !t.IsObjectType() && !t.IsMapType() {
			return cty.NilVal, function.NewArgErrorf(1, "the variables are a map")
		}
		source, err := h.readText(path.AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		template, diags := parseTemplate([]byte(source), path.AsString(), hcl.InitialPos)
		if diags.HasErrors() {
			return cty.NilVal, function.NewArgError(0, diags)
		}
		ctx := &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: make(map[string]function.Function, len(table))}
		for name, f := range table {
			if name != "templatefile" {
				ctx.Functions[name] = f
			}
		}
		for _, t := range template.Variables() {
			if _, ok := ctx.Variables[t.RootName()]; !ok {
				return cty.NilVal, function.NewArgErrorf(1, "the template at %s needs a variable %q", t.SourceRange(), t.RootName())
			}
		}
		v, diags := template.Value(ctx)
		if diags.HasErrors() {
			return cty.NilVal, diags
		}
		return v, nil
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{text("path"), {Name: "vars", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() || !args[1].IsWhollyKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := render(args[0], args[1])
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[1].IsWhollyKnown() {
				return cty.DynamicVal, nil
			}
			return render(args[0], args[1])
		},
	})
}

func (h *FunctionHost) env() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text("name")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if h.Static {
				return cty.UnknownVal(cty.String), nil
			}
			if h.Lookup != nil {
				if v, ok := h.Lookup(args[0].AsString()); ok {
					return cty.StringVal(v), nil
				}
			}
			return cty.NullVal(cty.String), nil
		},
	})
}

func (h *FunctionHost) clock(read func() time.Time) function.Function {
	return function.New(&function.Spec{
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			if h.Static {
				return cty.UnknownVal(cty.String), nil
			}
			return cty.StringVal(read().UTC().Format(time.RFC3339)), nil
		},
	})
}
