package lang

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

// SecretKind is a place that secret(…) reads from.
type SecretKind struct {
	// Name stands before the colon, Form is the whole as it is written: "file:PATH".
	Name, Form string
	// valid says whether what stands after the colon has the form.
	valid func(name string) bool
}

// SecretKinds lists the places that secrets are read from.
func SecretKinds() []SecretKind {
	return []SecretKind{
		{"env", "env:NAME", func(name string) bool { return name != "" }},
		{"file", "file:PATH", func(name string) bool { return name != "" }},
		{"vault", "vault:PATH#FIELD", func(name string) bool {
			path, field, _ := strings.Cut(name, "#")
			return strings.Contains(strings.Trim(path, "/"), "/") && field != ""
		}},
		{"kubernetes", "kubernetes:NAMESPACE/NAME#KEY", func(name string) bool {
			object, key, _ := strings.Cut(name, "#")
			namespace, secret, _ := strings.Cut(object, "/")
			return namespace != "" && secret != "" && !strings.Contains(secret, "/") && key != ""
		}},
	}
}

// secretSource takes a source apart. Its error shows none of it where it names no kind: it may be the secret itself.
func secretSource(source string) (kind, name string, err error) {
	kind, name, _ = strings.Cut(source, ":")
	var forms []string
	for _, k := range SecretKinds() {
		if k.Name != kind {
			forms = append(forms, fmt.Sprintf("%q", k.Form))
			continue
		}
		if !k.valid(name) {
			return "", "", function.NewArgErrorf(0, "a secret of this kind is written %q", k.Form)
		}
		return kind, name, nil
	}
	last := len(forms) - 1
	return "", "", function.NewArgErrorf(0, "a secret is read from %s or %s", strings.Join(forms[:last], ", "), forms[last])
}

// maxSecret is the length of the longest secret, in bytes.
const maxSecret = 64 << 10

// secret reads a secret. It is left alone where Static or NoSecrets is set.
func (h *FunctionHost) secret() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text("source")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			kind, name, err := secretSource(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			if h.Static || h.NoSecrets {
				return cty.UnknownVal(cty.String).RefineNotNull().Mark(provider.Sensitive), nil
			}
			value, err := h.readSecret(kind, name)
			if err == nil && len(value) > maxSecret {
				err = fmt.Errorf("it has %d KiB, and a secret has %d KiB at most, as each form of it is looked for in everything that is shown. "+
					"Give what needs it the path of a file that holds it, and keep a key or a password here", len(value)>>10, maxSecret>>10)
			}
			if err != nil {
				return cty.NilVal, function.NewArgError(0, phrase{err})
			}
			if h.OnSecret != nil {
				h.OnSecret(value)
			}
			if h.OnRead != nil {
				h.OnRead(value)
			}
			return cty.StringVal(value).Mark(provider.Sensitive), nil
		},
	})
}

// phrase is an error without its full stop: HCL ends its sentence about an argument itself.
type phrase struct{ error }

func (p phrase) Error() string { return strings.TrimSuffix(p.error.Error(), ".") }

func (p phrase) Unwrap() error { return p.error }

func (h *FunctionHost) readSecret(kind, name string) (string, error) {
	switch kind {
	case "file": // its last line end is not part of the secret
		content, err := h.readText(name)
		return strings.TrimSuffix(strings.TrimSuffix(content, "\n"), "\r"), err
	case "env":
		if h.Lookup != nil {
			if v, ok := h.Lookup(name); ok {
				return v, nil
			}
		}
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	if read := h.Secrets[kind]; read != nil {
		return read(name)
	}
	return "", fmt.Errorf("this program has no access to secrets of kind %s", kind)
}
