package postgres

// The sums of rows, which the server works out. The texts of times and numbers in them depend on no setting. Where a run ends (last_seq) is held
// against its events instead: it changes with each batch.
const (
	runSum = `sha256(convert_to(jsonb_build_array(id, runbook, file, environment, "user", started_at AT TIME ZONE 'UTC', status, outcome,
		encode(float8send(duration_ms), 'hex'), exit_status, counts, ended_at AT TIME ZONE 'UTC')::text, 'UTF8'))`
	messageSum = `sha256(convert_to(jsonb_build_array(id, run, body::text)::text, 'UTF8'))`
	lockSum    = `sha256(convert_to(jsonb_build_array(name, token, run, owner::text, since AT TIME ZONE 'UTC', expires_at AT TIME ZONE 'UTC')::text, 'UTF8'))`
)

// rowChanged is whether a row is not as it was written, by its sum; in a schema of a layout that has none nobody knows.
func rowChanged(layout int, sum string) string {
	if layout < layoutWithRowSums {
		return "false"
	}
	return "(sum IS DISTINCT FROM " + sum + ")"
}
