package provider

import (
	"fmt"
	"strings"
)

// groups checks the arguments that exclude each other, for values that were not known before.
func (s *Spec) groups(set func(name string) bool) error {
	for _, group := range s.ExactlyOne {
		if n := count(group, set); n != 1 {
			return fmt.Errorf("%d of %s are set, expected exactly one", n, strings.Join(group, ", "))
		}
	}
	for _, group := range s.AtMostOne {
		if n := count(group, set); n > 1 {
			return fmt.Errorf("%d of %s are set, which exclude each other", n, strings.Join(group, ", "))
		}
	}
	return nil
}

func count(names []string, set func(name string) bool) int {
	n := 0
	for _, name := range names {
		if set(name) {
			n++
		}
	}
	return n
}
