package redis

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestIdles: a command that may leave its key alone has no undo that is due. All others have one, whatever was there.
func TestIdles(t *testing.T) {
	for command, want := range map[string]struct{ missing, there bool }{
		"SET k v":              {},
		"set k nx":             {},
		"SET k v EX 10":        {},
		"SET k v XX":           {missing: true, there: true},
		"SET k v nx":           {there: true},
		"SETNX k v":            {there: true},
		"SET k v IFEQ old":     {missing: true, there: true},
		"INCR k":               {},
		"APPEND k v":           {},
		"LPUSH k v":            {},
		"LPUSHX k v":           {missing: true},
		"SADD k m":             {},
		"HSETNX k f v":         {there: true},
		"ZADD k XX 1 m":        {missing: true, there: true},
		"ZADD k GT 1 m":        {there: true},
		"DEL k":                {missing: true},
		"EXPIRE k 10":          {missing: true},
		"EXPIRE k 10 GT":       {missing: true, there: true},
		"XADD k * a 1":         {},
		"PFADD k a":            {},
		"GEOADD k XX 13 38 m":  {}, // its undo is due in any case
		"MODULE.SOMETHING k v": {},
	} {
		words := strings.Fields(command)
		for kind, want := range map[string]bool{"none": want.missing, "string": want.there} {
			if got := idles(words, &keyState{Key: "k", Type: kind, Value: cty.NullVal(cty.String)}); got != want {
				t.Errorf("%s of a key of type %s may change nothing: %t", command, kind, got)
			}
		}
	}
	if idles([]string{"SET", "k", "v"}, nil) {
		t.Error("a key of which nothing is known is told to stay")
	}
}
