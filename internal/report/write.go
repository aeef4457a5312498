package report

import (
	"bufio"
	"fmt"
	"io"
)

// format is one form of a report.
type format struct {
	name  string
	write func(*bufio.Writer, *Run) error
}

// formats are all of them.
var formats = []format{
	{"junit", writeJUnit},
	{"markdown", writeMarkdown},
	{"html", writeHTML},
	{"json", writeJSON},
	{"tap", writeTAP},
}

// Formats are the names of the forms of a report.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Write writes a report in one of the [Formats].
func Write(w io.Writer, name string, r *Run) error {
	for _, f := range formats {
		if f.name == name {
			b := bufio.NewWriter(w)
			if err := f.write(b, r); err != nil {
				return err
			}
			return b.Flush()
		}
	}
	return fmt.Errorf("there is no report in the form %q", name)
}
