package redis

import (
	"strings"
	"testing"
)

func TestMisfits(t *testing.T) {
	known := func(string) bool { return true }
	for name, c := range map[string]struct {
		command []string
		says    string
	}{
		"one word":           {[]string{"GET", "a b"}, ""},
		"two words":          {[]string{"config", "get", "*"}, ""},
		"no name":            {[]string{"", "a"}, "name is empty"},
		"blank":              {[]string{" "}, "name is empty"},
		"enough":             {[]string{"SET", "a", "b", "EX", "10"}, ""},
		"too few":            {[]string{"set", "a"}, "SET takes at least 2 arguments, and has 1"},
		"none":               {[]string{"GET"}, "GET takes at least 1 argument, and has 0"},
		"of a subcommand":    {[]string{"Config", "GET"}, "CONFIG GET takes at least 1 argument, and has 0"},
		"without subcommand": {[]string{"CONFIG"}, "CONFIG takes at least 1 argument, and has 0"},
		"of a module":        {[]string{"FT.SEARCH"}, ""},
		"words in one":       {[]string{"CONFIG GET", "*"}, `"CONFIG GET" is no command, since a space is part of the name here; write its words apart`},
	} {
		query, change := queryMisfits(&queryArgs{Command: c.command}, known)["command"], changeMisfits(&commandArgs{Command: c.command}, known)["command"]
		if !strings.Contains(query, c.says) || (query == "") != (c.says == "") || query != change {
			t.Errorf("%s: %q, %q", name, query, change)
		}
	}
	if got := queryMisfits(&queryArgs{Command: []string{""}}, func(string) bool { return false }); got != nil {
		t.Errorf("a command that is not known: %v", got)
	}
}
