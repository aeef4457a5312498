package postgres_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// changed is a note with other words in it.
func changed(t *testing.T, note json.RawMessage, change func(note, server map[string]any)) json.RawMessage {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(note, &all); err != nil {
		t.Fatal(err)
	}
	change(all, all["server"].(map[string]any))
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestNumberOfAnotherServer: "committed" counts only from the server that the statements were sent to, and since the same start. That nothing
// of them is there counts from any that has its data.
func TestNumberOfAnotherServer(t *testing.T) {
	s, schema := scratch(t)
	create := sql("CREATE TABLE " + schema + ".t (id int)")
	_, note, err := s.write(create)
	if err != nil {
		t.Fatal(err)
	}
	refused := pt.Values{"statements": cty.TupleVal([]cty.Value{cty.StringVal("SELECT 1"), cty.StringVal("SELECT 1/0")})}
	_, rolledBack, err := s.write(refused)
	if err == nil {
		t.Fatal("no error")
	}
	restarted := func(_, server map[string]any) {
		server["started"], server["at"] = "2020-01-02T03:04:05Z", "2020-02-02T03:04:05Z"
	}
	for name, tc := range map[string]struct {
		note json.RawMessage
		want provider.State
		says string
	}{
		"as it was":              {note, provider.Done, "is committed."},
		"started again":          {changed(t, note, restarted), provider.Suspected, "but it was started again at "},
		"a replica":              {changed(t, note, func(_, server map[string]any) { server["started"] = "2020-01-02T03:04:05Z" }), provider.Suspected, "but it is another server"},
		"another system":         {changed(t, note, func(_, server map[string]any) { server["system"] = "7" }), provider.Suspected, "system identifier"},
		"of an older version":    {changed(t, note, func(note, _ map[string]any) { delete(note, "server") }), provider.Suspected, "was not kept with the write"},
		"in the future":          {changed(t, note, func(note, _ map[string]any) { note["xid"] = "99999999999" }), provider.NotDone, "is in the future"},
		"rolled back":            {changed(t, rolledBack, restarted), provider.NotDone, "is aborted"},
		"rolled back, elsewhere": {changed(t, rolledBack, func(_, server map[string]any) { server["system"] = "7" }), provider.Suspected, "is about another transaction"},
	} {
		found, err := s.provider.Action("postgres_exec").(provider.Inquirer).Inquire(t.Context(), s.call("postgres_exec", create), provider.Sent{Note: tc.note})
		if err != nil || found.State != tc.want || !strings.Contains(found.Why, tc.says) {
			t.Errorf("%s: found %+v, %v; expected state %d, %q", name, found, err, tc.want, tc.says)
		}
	}
	// No retry sends it again, but a person's word does.
	call := s.call("postgres_exec", create)
	call.Earlier = &provider.Sent{Note: changed(t, note, restarted)}
	if _, err := s.provider.Action("postgres_exec").Run(t.Context(), call); !provider.NothingDone(err) || !strings.Contains(err.Error(), "not sent again") {
		t.Errorf("error is %v", err)
	}
	call.Earlier.Judged = true
	if _, err := s.provider.Action("postgres_exec").Run(t.Context(), call); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("error is %v", err)
	}
}

// TestStillAtIt: without a transaction, too, a statement that the server works at is seen, also where the session has taken on another role.
func TestStillAtIt(t *testing.T) {
	u, err := url.Parse(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	if err != nil {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is not a URL")
	}
	for name, tc := range map[string]struct {
		options string
		want    provider.State
		says    string
	}{
		"plain":         {"", provider.UnderWay, "SELECT pg_cancel_backend("},
		"another role":  {"-c role=pg_signal_backend", provider.UnderWay, "SELECT pg_cancel_backend("},
		"not accounted": {"-c track_activities=off", provider.Suspected, "can't see what it does"},
	} {
		t.Run(name, func(t *testing.T) {
			s := connect(t, with(u, "options", tc.options), nil)
			args := pt.Values{"transaction": cty.False, "statements": cty.TupleVal([]cty.Value{cty.StringVal("SELECT 1"), cty.StringVal("SELECT pg_sleep(600)")})}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			notes, ended := make(chan json.RawMessage, 1), make(chan struct{})
			call := s.call("postgres_exec", args)
			call.Note = func(n []byte) error { notes <- n; return nil }
			go func() {
				defer close(ended)
				if _, err := s.provider.Action("postgres_exec").Run(ctx, call); err == nil || provider.NothingDone(err) {
					t.Errorf("error is %v", err)
				}
			}()
			note := <-notes
			asks := connect(t, with(u, "options", tc.options), nil)
			until := func(want provider.State, says string) {
				t.Helper()
				for deadline := time.Now().Add(time.Minute); ; {
					found, err := asks.provider.Action("postgres_exec").(provider.Inquirer).Inquire(t.Context(), asks.call("postgres_exec", args), provider.Sent{Note: note})
					if err == nil && found.State == want && strings.Contains(found.Why, says) {
						return
					}
					if err != nil || time.Now().After(deadline) {
						t.Fatalf("found %+v, %v; expected state %d, %q", found, err, want, says)
					}
				}
			}
			until(tc.want, tc.says)
			cancel()
			<-ended
			until(provider.Unknown, "no account")
			// Behind a pooler the process may be at somebody else's statement.
			other := asks.call("postgres_exec", pt.Values{"transaction": cty.False, "sql": cty.StringVal("VACUUM")})
			found, err := asks.provider.Action("postgres_exec").(provider.Inquirer).Inquire(t.Context(), other, provider.Sent{Note: note})
			if err != nil || found.State != provider.Unknown {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
}
