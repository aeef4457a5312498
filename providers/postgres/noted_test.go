package postgres

import "testing"

// TestNotedOfExec: a note tells the result once only COMMIT was left, and nothing before.
func TestNotedOfExec(t *testing.T) {
	n, err := notedOfExec([]byte(`{"xid":"7","result":{"rows_affected":1,"statements":[],"before":[{"id":1}],"after":[{"id":2}]}}`))
	if err != nil || n == nil || n.Known != nil || n.Idle || n.Result.RowsAffected != 1 || n.Result.Before.LengthInt() != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	for note, bad := range map[string]bool{`{"xid":"7"}`: false, `[]`: true} {
		if n, err := notedOfExec([]byte(note)); n != nil || (err != nil) != bad {
			t.Errorf("%s: %+v, %v", note, n, err)
		}
	}
}
