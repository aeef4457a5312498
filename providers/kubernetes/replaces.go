package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// stated is a part of an object: its values by what errors call them. What is not set is not in it.
type stated map[string]string

// replacing makes the look at an object before its change, which refuses to change what is not as the argument replaces says: that is
// somebody else's work by now. Read gives what is there.
func replacing[A, O any](in *provider.In[*client, A], op string, said stated, read func(O) (stated, error)) func(O) error {
	return func(of O) error {
		if !in.Set("replaces") {
			return nil
		}
		seen, err := read(of)
		if err != nil {
			return err
		}
		return refuseOthers(op, said, seen, in.Sensitive)
	}
}

// refuseOthers names what is there and what was said, unless it is sensitive.
func refuseOthers(op string, said, seen stated, hush bool) error {
	names := maps.Clone(seen)
	if names == nil {
		names = stated{}
	}
	maps.Copy(names, said)
	var odd []string
	for _, name := range namesIn(names) {
		expected, expects := said[name]
		is, there := seen[name]
		switch {
		case expects == there && expected == is:
		case hush:
			odd = append(odd, name)
		default:
			odd = append(odd, fmt.Sprintf("%s is %s, where replaces says %s", name, told(is, there), told(expected, expects)))
		}
	}
	if len(odd) == 0 {
		return nil
	}
	return others(op, strings.Join(odd, "; "), "leave replaces out")
}

// others is the error that something is somebody else's by now; anyway is how to write over it all the same.
func others(op, what, anyway string) error {
	return &provider.Error{
		Op: op, Err: errors.New("somebody else has changed it: " + what), NothingDone: true, Permanent: true,
		Hint: "Nothing was changed. To write over it all the same, " + anyway + ".",
	}
}

// told is a value as an error shows it: its start where it is long, as that of a whole file may be.
func told(value string, there bool) string {
	const most = 100
	switch {
	case !there:
		return "not set"
	case len(value) > most:
		return fmt.Sprintf("%q and on", strings.ToValidUTF8(value[:most], ""))
	case value == "" || strings.ContainsAny(value, " \t\n;,"):
		return fmt.Sprintf("%q", value)
	}
	return value
}

// together are the names in both, each once.
func together(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
