package kubernetes

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// The static checks of constant arguments; their packages are linked anyway.

func checkLabelSelector(value string) error {
	if _, err := labels.Parse(value); err != nil {
		return fmt.Errorf(`not a label selector: %w; write one like "app=api,tier in (web, cache),!canary"`, err)
	}
	return nil
}

func checkFieldSelector(value string) error {
	if _, err := fields.ParseSelector(value); err != nil {
		return fmt.Errorf(`not a field selector: %w; write one like "status.phase!=Running,spec.nodeName=node-1"`, err)
	}
	return nil
}

func checkJSONPath(value string) error {
	_, err := parseJSONPath(value)
	return err
}

// checkSince refuses a time that would pass for none. It is looked at when the step runs.
func checkSince(since time.Duration) error {
	if since < 0 {
		return fmt.Errorf("since is %s, expected more than 0: it says how far to look back", since)
	}
	return nil
}

// checkResource accepts every TYPE/NAME whose type is known or written with its group.
func checkResource(value string) error {
	typ, _, err := splitResource(value)
	if err != nil {
		return err
	}
	if _, ok := lookUp(typ); !ok && !strings.Contains(typ, ".") {
		return fmt.Errorf(`%q is not a type that is known here; write a custom one with its group, such as "certificates.cert-manager.io/site"`, typ)
	}
	return nil
}

func checkRolloutResource(value string) error {
	_, _, err := parseResource(value, rolloutTypes)
	return err
}

func checkLogSource(value string) error {
	_, _, err := parseResource(value, logSources)
	return err
}
