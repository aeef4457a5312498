package redis

import "testing"

// TestMigrateInDoubt: where the other server was reached and gave no answer, or refused a key, the keys may be there.
func TestMigrateInDoubt(t *testing.T) {
	for reply, inDoubt := range map[string]bool{
		"IOERR error or timeout reading from target instance":                    true,
		"IOERR error or timeout writing to target instance":                      true,
		"ERR Target instance replied with error: BUSYKEY Target key name exists": true,
		"IOERR error or timeout connecting to the client":                        false,
		"ERR syntax error": false,
		"NOPERM User limited has no permissions to run the 'migrate' command": false,
	} {
		args := []any{"MIGRATE", "127.0.0.1", "1", "a", "0", "1"}
		if got := !nothingDone(args, proto(reply)); got != inDoubt {
			t.Errorf("%s: in doubt is %v", reply, got)
		}
	}
}
