package validate

import (
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
)

// shows reports whether an expression surely puts something sensitive into its value: by what it evaluates to, or by a
// variable or local that it refers to. What results of steps hold is left to the run, which looks again.
func (c *checker) shows(e *lang.Expr) bool {
	if e == nil || e.Expression == nil {
		return false
	}
	if c.sensitive[e.Expression] {
		return true
	}
	if strings.Contains(e.Source, "sensitive(") { // nonsensitive and issensitive drop the mark
		return false
	}
	for _, ref := range e.Refs {
		switch ref.Kind {
		case lang.RefVar:
			if v := c.rb.Variables[ref.Name]; v != nil && v.Sensitive {
				return true
			}
		case lang.RefLocal:
			if c.showsLocal(ref.Name) {
				return true
			}
		}
	}
	return false
}

// showsLocal is shows of a local's value. A local that leads back to itself, which is reported elsewhere, shows nothing.
func (c *checker) showsLocal(name string) bool {
	if found, ok := c.localShows[name]; ok {
		return found
	}
	c.localShows[name] = false
	if local := c.rb.Locals[name]; local != nil {
		c.localShows[name] = c.shows(local.Value)
	}
	return c.localShows[name]
}
