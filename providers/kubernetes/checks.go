package kubernetes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
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

func checkLabelKey(name string) error {
	if problems := validation.IsQualifiedName(name); len(problems) > 0 {
		return fmt.Errorf(`%q is not the name of a label; write one like "app" or "example.com/tier"`, name)
	}
	return nil
}

func checkLabelValue(value string) error {
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		return fmt.Errorf("%q is not the value of a label: at most 63 letters, digits, -, _ and ., a letter or digit at either end", value)
	}
	return nil
}

// checkQuantity takes an empty text: that takes the resource off.
func checkQuantity(text string) error {
	if _, err := quantity.ParseQuantity(text); err != nil && text != "" {
		return fmt.Errorf("%q is not a quantity; write one like 500m or 1Gi", text)
	}
	return nil
}

func checkReplicas(number string) error {
	if n, err := strconv.Atoi(number); err != nil || n < 0 {
		return fmt.Errorf("replicas is %s, expected a whole number, 0 or more", number)
	}
	return nil
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
	typ, name, err := splitResource(value)
	if err != nil {
		return err
	}
	r, ok := lookUp(typ)
	if ok {
		return nameProblem(r, name)
	}
	if !strings.Contains(typ, ".") {
		return fmt.Errorf(`the type in %q is not known here; write a custom one with its group, such as "certificates.cert-manager.io/site"`, value)
	}
	return nil
}

func checkRolloutResource(value string) error {
	return checkOneOf(value, rolloutTypes)
}

func checkLogSource(value string) error {
	return checkOneOf(value, logSources)
}

func checkOneOf(value string, types []resource) error {
	r, name, err := parseResource(value, types)
	if err != nil {
		return err
	}
	return nameProblem(r, name)
}
