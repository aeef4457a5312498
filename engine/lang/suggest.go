package lang

import (
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest gives the candidate that given was most likely meant to be, or an empty text where none is near.
func Suggest(given string, candidates []string) string {
	best, nearest := "", max(2, len(given)/3)+1
	for _, c := range candidates {
		if abs := len(c) - len(given); abs >= nearest || -abs >= nearest {
			continue
		}
		// Half of a name may be wrong, and of names of two letters nothing.
		if d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(c), nil); d < nearest && 2*d <= len(given) && len(given) > 2 {
			best, nearest = c, d
		}
	}
	return best
}

// DidYouMean is "; did you mean "nodes"?" where a candidate is near, else a full stop: the end of a sentence that says
// that given is not there.
func DidYouMean(given string, candidates []string) string {
	if s := Suggest(given, candidates); s != "" {
		return "; did you mean " + Quoted(s) + "?"
	}
	return "."
}

// Quoted puts a name into quotes that it does not hold itself, as the address of an instance does: "nodes", 'scale["eu"]'.
func Quoted(name string) string {
	if strings.Contains(name, `"`) && !strings.Contains(name, "'") && strconv.CanBackquote(name) {
		return "'" + name + "'"
	}
	return strconv.Quote(name)
}

// listed joins names for a sentence, sorted.
func listed(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, ", ")
}
