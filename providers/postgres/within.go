package postgres

import (
	"maps"
	"slices"
	"strings"
)

// placeless are the run-time parameters that don't decide what a statement acts on: they are ours, or say who asks and how long it may
// take.
var placeless = set("client_encoding", "datestyle", "standard_conforming_strings", "application_name", "timezone", "statement_timeout",
	"lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout", "extra_float_digits", "intervalstyle")

// within tells what decides what a statement acts on beside server, database and user: "(role owner, search_path shop)". private says
// that one of these is an application's own, which may hold anything.
func within(params map[string]string) (text string, private bool) {
	all := map[string]string{}
	for name, value := range params {
		if strings.EqualFold(name, "options") {
			maps.Copy(all, optionsOf(value))
		} else {
			all[strings.ToLower(name)] = value
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !placeless[name] {
			out, private = append(out, strings.TrimSpace(name+" "+all[name])), private || strings.Contains(name, ".")
		}
	}
	if len(out) == 0 {
		return "", false
	}
	return " (" + strings.Join(out, ", ") + ")", private
}

// optionsOf are the parameters that command-line options of a server process set, as libpq's "options" holds them; an option of
// another kind stands for itself.
func optionsOf(text string) map[string]string {
	out := map[string]string{}
	words := optionWords(text)
	for i := 0; i < len(words); i++ {
		setting := words[i]
		switch {
		case setting == "-c" && i+1 < len(words):
			i++
			setting = words[i]
		case strings.HasPrefix(setting, "-c"), strings.HasPrefix(setting, "--"):
			setting = setting[2:]
		}
		name, value, ok := strings.Cut(setting, "=")
		if ok {
			name = strings.ReplaceAll(name, "-", "_")
		}
		out[strings.ToLower(name)] = value
	}
	return out
}

// optionWords splits at white space, of which a backslash makes a letter like any other.
func optionWords(text string) []string {
	var words []string
	var word strings.Builder
	begun, escaped := false, false
	for _, r := range text {
		switch {
		case !escaped && r == '\\':
			escaped, begun = true, true
			continue
		case !escaped && strings.ContainsRune(" \t\n\r\f\v", r):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
		escaped = false
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}
