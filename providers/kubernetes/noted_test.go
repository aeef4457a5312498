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

		"patch":          {patchAction(), patchNote{Changes: []changeResult{{Path: "p"}}, Undo: []any{rawObject{"op": "remove"}}}, `{"changes":[{"after":null,"before":null,"path":"p"}],"undo":[{"op":"remove"}]}`, true},
		"patch, older":   {patchAction(), patchNote{}, `null`, false},
		"apply":          {applyAction(), applyNote{Before: []rawObject{{"kind": "ConfigMap"}}, Undo: []any{rawObject{"op": "remove"}}}, `{"undo":[{"op":"remove"}]}`, true},
		"apply of a new": {applyAction(), applyNote{Before: []rawObject{nil}}, `null`, false},

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
			if v == cty.NilVal {
				v = cty.NullVal(cty.DynamicPseudoType)
			}
			if after := v.Type().IsObjectType() && v.Type().HasAttribute("after"); after != slices.Contains(tells.Meant, "after") {
				t.Errorf("meant are %q", tells.Meant)
			}
			told, err := json.Marshal(provider.NotedValue{Value: v})
			if err != nil || string(told) != test.want || v.ContainsMarked() != test.sensitive {
				t.Errorf("the note %s tells %#v, %v", text, v, err)
			}
		})
	}
}

// TestNotedOfASecret: what a note tells of a Secret is sensitive, whatever the arguments are.
func TestNotedOfASecret(t *testing.T) {
	undo := []any{rawObject{"op": "remove", "path": "/data/key"}}
	for name, note := range map[string]func(kind string) (provider.Action, any){
		"patch": func(kind string) (provider.Action, any) {
			return patchAction(), patchNote{Changes: []changeResult{}, Undo: undo, Secret: kind == "Secret"}
		},
		"apply": func(kind string) (provider.Action, any) {
			return applyAction(), applyNote{Before: []rawObject{{"kind": kind}}, Undo: undo}
		},
	} {
		for kind, sensitive := range map[string]bool{"Secret": true, "ConfigMap": false} {
			action, tells := note(kind)
			text, err := json.Marshal(tells)
			if err != nil {
				t.Fatal(err)
			}
			noted, err := action.(provider.Noter).Noted(action.Spec().Args().Null(), text)
			if err != nil || noted.Value.ContainsMarked() != sensitive || noted.Value.GetAttr("undo").IsNull() {
				t.Errorf("%s of a %s: %#v, %v", name, kind, noted.Value, err)
			}
		}
	}
}
