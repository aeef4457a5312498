package kubernetes

import (
	"encoding/json"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestWhatNotesTell: of a write that counts as done on somebody's word, the note tells what was there before, for its undo.
func TestWhatNotesTell(t *testing.T) {
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
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(test.note)
			if err != nil {
				t.Fatal(err)
			}
			v, _, err := test.action.(provider.Noter).Noted(cty.NilVal, text)
			if err != nil {
				t.Fatal(err)
			}
			told, err := json.Marshal(provider.NotedValue{Value: v})
			if err != nil || string(told) != test.want || v.ContainsMarked() != test.sensitive {
				t.Errorf("the note %s tells %#v, %v", text, v, err)
			}
		})
	}
}
