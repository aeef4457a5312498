package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJSON reads documents back without a field that is not declared, and writes them again: nothing of them is lost.
func TestJSON(t *testing.T) {
	all := map[string]*Run{"everything": recorded(t, everything()...).Run(nil)}
	for _, name := range texts() {
		all[name] = recorded(t, hostile(nasty[name])...).Run(nil)
	}
	for name, document := range all {
		t.Run(name, func(t *testing.T) {
			want := written(t, "json", document)
			d := json.NewDecoder(strings.NewReader(want))
			d.DisallowUnknownFields()
			got := &Run{}
			if err := d.Decode(got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, written(t, "json", got)); diff != "" {
				t.Errorf("-want +got:\n%.3000s", diff)
			}
		})
	}
}
