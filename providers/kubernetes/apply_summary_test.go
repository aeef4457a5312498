package kubernetes

import "testing"

// TestApplySummary: what was not there before was created, and no field of it was changed.
func TestApplySummary(t *testing.T) {
	for want, states := range map[string][]applied{
		"nothing to change":                 {{of: labelled("a", "1"), before: labelled("a", "1").object, after: labelled("a", "1").object}},
		"1 field changed":                   {{of: labelled("a", "1"), before: labelled("a", "1").object, after: labelled("a", "2").object}},
		"1 object created":                  {{of: labelled("a", "1"), after: labelled("a", "1").object}},
		"1 object created, 1 field changed": {{of: labelled("a", "1"), after: labelled("a", "1").object}, {of: labelled("b", "1"), before: labelled("b", "1").object, after: labelled("b", "2").object}},
	} {
		if got := applySummary(resultOfApply(states)); got != want {
			t.Errorf("it is told as %q, expected %q", got, want)
		}
	}
}

// labelled is a config map with a label.
func labelled(name, label string) manifest {
	return manifest{
		subject: subject{r: resource{version: "v1", kind: "ConfigMap", plural: "configmaps"}, namespace: "shop", name: name},
		object:  rawObject{"apiVersion": "v1", "kind": "ConfigMap", "metadata": rawObject{"name": name, "namespace": "shop", "labels": rawObject{"tier": label}}},
	}
}
