package kubernetes

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestWhatNotesTell: of a write that counts as done on somebody's word, the note tells what was there before, and what it was to make of that,
// for its undo. Notes of before that was noted tell the first alone.
func TestWhatNotesTell(t *testing.T) {
	four, marked := replicaCount{4}, revisionNote{Template: "u"}
	replicas, revision, labels := noted[replicaCount]{Before: replicaCount{2}}, noted[revisionNote]{Before: revisionNote{Revision: 7, Template: "t"}}, noted[map[string]string]{Before: map[string]string{"a": "1"}}
	for name, test := range map[string]struct {
		action provider.Action
		note   any
		want   string
		// sensitive says that it is, as long as nobody knows whether the arguments are.
		sensitive bool
	}{
		"scale":    {scaleAction(), replicas, `{"before":{"replicas":2}}`, false},
		"restart":  {rolloutRestartAction(), revision, `{"before":{"revision":7,"template":"t"}}`, false},
		"rollback": {rolloutUndoAction(), rollbackNote{Before: revisionNote{Revision: 7, Template: "t"}, Template: "x"}, `{"before":{"revision":7,"template":"t"}}`, false},
		"label":    {labelAction(), labels, `{"before":{"a":"1"}}`, true},

		"scale, both": {scaleAction(), noted[replicaCount]{Before: replicaCount{2}, After: &four}, `{"after":{"replicas":4},"before":{"replicas":2}}`, false},
		"restart, both": {
			rolloutRestartAction(), noted[revisionNote]{Before: revision.Before, After: &marked},
			`{"after":{"revision":null,"template":"u"},"before":{"revision":7,"template":"t"}}`, false,
		},
		"rollback, both": {
			rolloutUndoAction(), rollbackNote{Before: revision.Before, After: &marked, Template: "x"},
			`{"after":{"revision":null,"template":"u"},"before":{"revision":7,"template":"t"}}`, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(test.note)
			if err != nil {
				t.Fatal(err)
			}
			tells, err := test.action.(provider.Noter).Noted(cty.NilVal, text)
			if err != nil {
				t.Fatal(err)
			}
			v := tells.Value
			if after := v.Type().HasAttribute("after"); after != slices.Contains(tells.Meant, "after") {
				t.Errorf("meant are %q", tells.Meant)
			}
			told, err := json.Marshal(provider.NotedValue{Value: v})
			if err != nil || string(told) != test.want || v.ContainsMarked() != test.sensitive {
				t.Errorf("the note %s tells %#v, %v", text, v, err)
			}
		})
	}
}
