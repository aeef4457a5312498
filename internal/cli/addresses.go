package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// mostMeant bounds how many addresses are suggested at once.
const mostMeant = 3

// didYouMean ends a sentence that says that an address names nothing: with those among names that it may stand for, as it lacks keys, the
// quotes around them or the step whose runbook it is in, or that are spelt much like it; else with a full stop.
func didYouMean(address string, names []string) string {
	meant := meantBy(address, names)
	if meant == nil {
		return lang.DidYouMean(address, names)
	}
	more := ""
	if len(meant) > mostMeant {
		meant, more = meant[:mostMeant], " or another"
	}
	for i := range meant {
		meant[i] = lang.Quoted(meant[i])
	}
	return "; did you mean " + strings.Join(meant, " or ") + more + "?"
}

// meantBy are the addresses among names, or beginnings of them, that a loosely written one stands for.
func meantBy(loose string, names []string) []string {
	var out []string
	for _, name := range names {
		if part := part(name, loose); part != "" && part != loose && !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out
}

// part is the beginning of an address that is as deep as another, loosely written one, or the whole where that lacks only what it stands
// below; empty: it does not stand for that.
func part(address, loose string) string {
	var parts []string
	for rest := address; rest != ""; {
		head, below := run.SplitAddress(rest)
		parts, rest = append(parts, head), below
	}
	given := looseParts(loose)
	for skip := range parts {
		if len(parts)-skip < len(given) || skip > 0 && len(parts)-skip > len(given) {
			continue
		}
		fits := true
		for i, g := range given {
			fits = fits && fitsLoosely(parts[skip+i], g)
		}
		if fits {
			return strings.Join(parts[:skip+len(given)], "/")
		}
	}
	return ""
}

// looseParts takes an address apart whose keys may lack their quotes.
func looseParts(address string) []string {
	var parts []string
	start, inKey := 0, false
	for i, c := range address {
		switch {
		case c == '[':
			inKey = true
		case c == ']':
			inKey = false
		case c == '/' && !inKey:
			parts, start = append(parts, address[start:i]), i+1
		}
	}
	return append(parts, address[start:])
}

// fitsLoosely reports whether a part of an address has the name of a loosely written one, and its key, if that has one.
func fitsLoosely(part, loose string) bool {
	name, key, keyed := strings.Cut(loose, "[")
	if run.StepName(part) != name {
		return false
	}
	if !keyed {
		return true
	}
	own := strings.TrimSuffix(strings.TrimPrefix(part, name+"["), "]")
	plain, err := strconv.Unquote(own)
	return err == nil && strings.Trim(strings.TrimSuffix(key, "]"), `"'`) == plain
}
