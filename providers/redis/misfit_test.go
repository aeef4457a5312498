package redis

import (
	"strings"
	"testing"
)

func TestMisfits(t *testing.T) {
	known := func(string) bool { return true }
	for name, c := range map[string]struct {
		command     []string
		query, says string
	}{
		"read":          {[]string{"GET", "a"}, "", ""},
		"two words":     {[]string{"config", "get", "*"}, "", ""},
		"no name":       {[]string{"", "a"}, "name is empty", "name is empty"},
		"blank":         {[]string{" "}, "name is empty", "name is empty"},
		"words in one":  {[]string{"CONFIG GET", "*"}, `write its words apart: ["CONFIG", "GET"]`, `write its words apart`},
		"never let out": {[]string{"keys", "*"}, "KEYS is not let out", ""},
		"connection":    {[]string{"multi"}, "", "does not send MULTI"},
		"of a client":   {[]string{"CLIENT", "REPLY", "OFF"}, "", "does not send CLIENT REPLY"},
		"no arguments":  {[]string{"SET", ""}, "", ""},
	} {
		query, command := queryMisfits(&queryArgs{Command: c.command}, known)["command"], commandMisfits(&commandArgs{Command: c.command}, known)["command"]
		if !strings.Contains(query, c.query) || (query == "") != (c.query == "") {
			t.Errorf("%s, query: %q", name, query)
		}
		if !strings.Contains(command, c.says) || (command == "") != (c.says == "") {
			t.Errorf("%s, command: %q", name, command)
		}
	}
}
