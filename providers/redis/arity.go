package redis

import (
	_ "embed" // the list of commands
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// fewestText has, on each line, a command and how many words it takes at the least, its name included: what the server says of itself
// (COMMAND). The most that a command takes is not in it: newer servers have more options.
//
//go:embed fewest.txt
var fewestText string

// fewest are the lines of fewestText by command, "config get" with its subcommand.
var fewest = sync.OnceValue(func() map[string]int {
	out := map[string]int{}
	for line := range strings.Lines(fewestText) {
		words := strings.Fields(line)
		n, err := strconv.Atoi(words[len(words)-1])
		if err != nil {
			panic("fewest.txt: " + line)
		}
		out[strings.Join(words[:len(words)-1], " ")] = n
	}
	return out
})

// tooFew says that a command lacks words; empty: it has enough, or is of a newer server or a module.
func tooFew(command []string) string {
	args := make([]any, len(command))
	for i, word := range command {
		args[i] = word
	}
	name, alone := names(args)
	n, known := fewest()[name]
	if !known {
		name, n = alone, fewest()[alone]
	}
	if len(command) >= n {
		return ""
	}
	has := len(command) - len(strings.Fields(name))
	return fmt.Sprintf("%s takes at least %s, and has %d", strings.ToUpper(name), counted(n-len(strings.Fields(name))), has)
}

func counted(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
