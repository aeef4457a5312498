package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// commandLine is the reference of all commands.
func commandLine(root *cobra.Command) []byte {
	p := newPage("The command line")
	p.code("", root.Long)
	var commands []*cobra.Command
	var collect func(c *cobra.Command)
	collect = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Name() == "help" || !sub.IsAvailableCommand() {
				continue
			}
			// The shells of completion differ in nothing but their name.
			shells := sub.Name() == "completion"
			if sub.Runnable() || shells {
				commands = append(commands, sub)
			}
			if !shells {
				collect(sub)
			}
		}
	}
	collect(root)
	var rows [][]string
	for _, c := range commands {
		anchor := strings.ReplaceAll(c.CommandPath(), " ", "-")
		rows = append(rows, []string{"[`" + strings.TrimPrefix(c.CommandPath(), "runbook ") + "`](#" + anchor + ")", c.Short})
	}
	p.table([]string{"command", "what it does"}, rows)
	p.line("Flags of all commands:")
	p.code("", root.PersistentFlags().FlagUsages())
	for _, c := range commands {
		p.line("## %s", c.CommandPath())
		long := c.Long
		if long == "" {
			long = c.Short + "."
		}
		p.line(strings.TrimSpace(long))
		p.code("", c.UseLine())
		if usages := c.LocalNonPersistentFlags().FlagUsages(); usages != "" {
			p.code("", usages)
		}
		if c.Example != "" {
			p.code("sh", undent(c.Example))
		}
	}
	return p.bytes()
}

func undent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
