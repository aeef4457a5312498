package providertest

import (
	"fmt"
	"strings"
	"testing"
)

// coverage lists the kinds that an action lacks.
func (s *Suite) coverage() []string {
	var problems []string
	for _, spec := range s.supported() {
		for _, kind := range kinds {
			if kind == Bounded && spec.Results().Attribute("truncated") == nil {
				continue
			}
			covered := s.has(kind, spec.Name) || kind != Happy && s.has(kind, Every)
			if !covered && s.exception(kind, spec.Name) == "" {
				problems = append(problems, fmt.Sprintf(
					"%s has no %q case; add one, or an Exception with the reason why there can't be one", spec.Name, kind))
			}
		}
	}
	for _, e := range s.Exceptions {
		if strings.TrimSpace(e.Reason) == "" {
			problems = append(problems, fmt.Sprintf("the exception of %s from %q has no reason", e.Action, e.Kind))
		}
		if e.Action != Every && s.Provider.Action(e.Action) == nil {
			problems = append(problems, fmt.Sprintf("an exception names the action %q, which does not exist", e.Action))
		}
	}
	return problems
}

// exception is the reason why the action has no case of the kind, or empty.
func (s *Suite) exception(kind Kind, action string) string {
	for _, e := range s.Exceptions {
		if e.Kind == kind && (e.Action == action || e.Action == Every) {
			return e.Reason
		}
	}
	return ""
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}
