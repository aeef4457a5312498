package lang

import (
	"fmt"
	"io/fs"
	"math/big"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// How much a function may make of little: one line of a runbook must not take the machine's memory.
const (
	mostIndent   = 1000
	mostProducts = 100_000
	mostFolders  = 10_000
)

// bounded is fn that refuses arguments which check does not pass. The arguments may be unknown.
func bounded(fn function.Function, check func(args []cty.Value) error) function.Function {
	spec := &function.Spec{
		Description: fn.Description(), Params: fn.Params(), VarParam: fn.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil {
				return cty.DynamicPseudoType, err
			}
			return fn.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return fn.Call(args) },
	}
	return function.New(spec)
}

func checkIndent(args []cty.Value) error {
	spaces, _ := args[0].Unmark()
	if !spaces.IsKnown() || spaces.IsNull() {
		return nil
	}
	number := spaces.AsBigFloat()
	switch {
	case number.Cmp(big.NewFloat(mostIndent)) > 0:
		return function.NewArgErrorf(0, "at most %d spaces", mostIndent)
	case number.Sign() < 0 || !number.IsInt():
		return function.NewArgErrorf(0, "%s is not a number of spaces, which is a whole number from 0 on", number.Text('f', -1))
	}
	return nil
}

func checkProduct(args []cty.Value) error {
	total := 1
	for _, arg := range args {
		list, _ := arg.Unmark()
		if !list.IsKnown() || list.IsNull() || !list.CanIterateElements() {
			return nil
		}
		if total *= list.LengthInt(); total > mostProducts {
			return fmt.Errorf("the product has more than %d elements", mostProducts)
		}
	}
	return nil
}

// boundedFolders reads no more than [mostFolders], which below / and in /proc have no end.
type boundedFolders struct {
	fs.FS
	read int
}

func (f *boundedFolders) ReadDir(name string) ([]fs.DirEntry, error) {
	if f.read++; f.read > mostFolders {
		return nil, fs.SkipAll
	}
	return fs.ReadDir(f.FS, name)
}

func (f *boundedFolders) err() error {
	if f.read <= mostFolders {
		return nil
	}
	return fmt.Errorf("there are more than %d folders to look into; name a folder further down, or a pattern without **", mostFolders)
}
