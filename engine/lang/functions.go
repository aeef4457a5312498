package lang

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// FunctionHost gives the functions that look outside the runbook what they look at. Its zero value has no environment,
// reads the file system and knows no time.
type FunctionHost struct {
	// Lookup reads an environment variable, for env and secret; nil: none is set.
	Lookup func(name string) (string, bool)
	// ReadFile reads a file for file, templatefile and secret; nil: the file system, up to [DefaultMaxFileBytes].
	ReadFile func(path string) ([]byte, error)
	// Dir is the absolute folder that relative paths start in.
	Dir string
	// HomeDir is what pathexpand puts for "~".
	HomeDir string
	// StartedAt is the run's start, which timestamp and date refer to.
	StartedAt time.Time
	// Now is the time when now is evaluated; nil: StartedAt.
	Now func() time.Time
	// Static is set where nothing may be read of the surroundings (validate, plan): env, secret, now, timestamp and the
	// relative forms of date are unknown.
	Static bool
	// NoSecrets is set where secret alone is unknown.
	NoSecrets bool
	// Secrets read the secrets of systems, by the kinds in [SecretKinds] beside env and file. They are given what stands
	// after the colon, which has the kind's form; their errors name the place and no secret. A kind without one is an error
	// of who runs the runbook.
	Secrets map[string]func(name string) (string, error)
	// OnSecret is told every value that secret reads, or sensitive is called with, so that it can be blanked out wherever it turns up; may be nil.
	OnSecret func(value string)
	// OnRead is told every value that secret reads; may be nil.
	OnRead func(value string)
	// OnFile is told the whole path of every file whose content is read, or that an argument names; may be nil.
	OnFile func(path string)
}

// Functions makes the function table of the language. The table is the caller's; the functions are safe for concurrent
// use when the host's are.
func Functions(host FunctionHost) map[string]function.Function {
	table := maps.Clone(pureFunctions())
	hostFunctions(&host, table)
	return table
}

// FunctionNames lists the functions, sorted.
func FunctionNames() []string {
	return slices.Sorted(maps.Keys(Functions(FunctionHost{})))
}

// pureFunctions are those whose results depend on their arguments alone. They are made on first use: starting the
// program does not pay for them.
var pureFunctions = sync.OnceValue(func() map[string]function.Function {
	table := map[string]function.Function{
		"abs":             stdlib.AbsoluteFunc,
		"can":             canFunction(),
		"ceil":            stdlib.CeilFunc,
		"chomp":           stdlib.ChompFunc,
		"chunklist":       stdlib.ChunklistFunc,
		"coalescelist":    stdlib.CoalesceListFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"csvdecode":       stdlib.CSVDecodeFunc,
		"distinct":        stdlib.DistinctFunc,
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"floor":           stdlib.FloorFunc,
		"format":          stdlib.FormatFunc,
		"formatdate":      stdlib.FormatDateFunc,
		"formatlist":      stdlib.FormatListFunc,
		"indent":          bounded(stdlib.IndentFunc, checkIndent),
		"join":            stdlib.JoinFunc,
		"jsondecode":      stdlib.JSONDecodeFunc,
		"jsonencode":      stdlib.JSONEncodeFunc,
		"keys":            stdlib.KeysFunc,
		"log":             finite(stdlib.LogFunc),
		"lower":           stdlib.LowerFunc,
		"max":             stdlib.MaxFunc,
		"merge":           stdlib.MergeFunc,
		"min":             stdlib.MinFunc,
		"parseint":        stdlib.ParseIntFunc,
		"pow":             finite(stdlib.PowFunc),
		"range":           stdlib.RangeFunc,
		"regex":           stdlib.RegexFunc,
		"regexall":        stdlib.RegexAllFunc,
		"reverse":         stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      bounded(stdlib.SetProductFunc, checkProduct),
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"signum":          stdlib.SignumFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"split":           stdlib.SplitFunc,
		"strrev":          stdlib.ReverseFunc,
		"substr":          stdlib.SubstrFunc,
		"timeadd":         stdlib.TimeAddFunc,
		"title":           stdlib.TitleFunc,
		"tobool":          stdlib.MakeToFunc(cty.Bool),
		"tolist":          toCollection(cty.List(cty.DynamicPseudoType), cty.ListVal),
		"tomap":           stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber":        stdlib.MakeToFunc(cty.Number),
		"toset":           toCollection(cty.Set(cty.DynamicPseudoType), cty.SetVal),
		"tostring":        stdlib.MakeToFunc(cty.String),
		"trim":            stdlib.TrimFunc,
		"trimprefix":      stdlib.TrimPrefixFunc,
		"trimspace":       stdlib.TrimSpaceFunc,
		"trimsuffix":      stdlib.TrimSuffixFunc,
		"try":             tryFunction(),
		"upper":           stdlib.UpperFunc,
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,
	}
	for _, group := range []func(map[string]function.Function){
		collectionFunctions, numberFunctions, stringFunctions, encodingFunctions, networkFunctions, sensitiveFunctions,
		unitFunctions,
	} {
		group(table)
	}
	table["jq"] = jqFunction(jqTimeout)
	return table
})

// text and number are parameters of a function.
func text(name string) function.Parameter   { return function.Parameter{Name: name, Type: cty.String} }
func number(name string) function.Parameter { return function.Parameter{Name: name, Type: cty.Number} }

// textFunction makes a function of one string to one string.
func textFunction(param string, f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{text(param)},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := f(args[0].AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgError(0, err)
			}
			return cty.StringVal(out), nil
		},
	})
}
