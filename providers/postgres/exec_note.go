package postgres

import (
	"encoding/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// execNote is what an inquiry needs.
type execNote struct {
	// XID is the transaction's number, as pg_current_xact_id gives it; empty: there is none around the statements.
	XID string `json:"xid,omitempty"`
	// Server is where they were sent; nil: it did not say, or an older version did not ask.
	Server *origin `json:"server,omitempty"`
	// Result is what the statements gave, once only COMMIT is left to be sent.
	Result *execNoted `json:"result,omitempty"`
}

// execNoted is an execResult in a note.
type execNoted struct {
	RowsAffected int64               `json:"rows_affected"`
	Statements   []execStatement     `json:"statements"`
	Notices      []string            `json:"notices,omitempty"`
	Before       provider.NotedValue `json:"before"`
	After        provider.NotedValue `json:"after"`
	Truncated    bool                `json:"truncated,omitempty"`
	Unchanged    bool                `json:"unchanged,omitempty"`
}

func notedOf(r *execResult, notices []string) *execNoted {
	return &execNoted{r.RowsAffected, r.Statements, notices, provider.NotedValue{Value: r.Before}, provider.NotedValue{Value: r.After}, r.Truncated, r.unchanged}
}

// notedOfExec is what the statements gave, where all but COMMIT had been sent.
func notedOfExec(text json.RawMessage) (*provider.Noted[execResult], error) {
	var note execNote
	if err := json.Unmarshal(text, &note); err != nil || note.Result == nil {
		return nil, err
	}
	return &provider.Noted[execResult]{Result: note.Result.result(), Idle: note.Result.Unchanged}, nil
}

func (n *execNoted) result() *execResult {
	return &execResult{n.RowsAffected, n.Statements, n.Notices, n.Before.Value, n.After.Value, n.Truncated, n.Unchanged}
}
