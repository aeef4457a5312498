package postgres

import "testing"

// TestNotedOfExec: a note tells the result once only COMMIT was left, and nothing before.
func TestNotedOfExec(t *testing.T) {
	r, known, err := notedOfExec([]byte(`{"xid":"7","result":{"rows_affected":1,"statements":[],"before":[{"id":1}],"after":[{"id":2}]}}`))
	if err != nil || r == nil || known != nil || r.RowsAffected != 1 || r.Before.LengthInt() != 1 {
		t.Errorf("%+v, %v, %v", r, known, err)
	}
	for note, bad := range map[string]bool{`{"xid":"7"}`: false, `[]`: true} {
		if r, _, err := notedOfExec([]byte(note)); r != nil || (err != nil) != bad {
			t.Errorf("%s: %+v, %v", note, r, err)
		}
	}
}
