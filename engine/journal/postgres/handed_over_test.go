package postgres

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestSchemaHandedOver: a schema that an administrator has made for a role needs no right to make schemas.
func TestSchemaHandedOver(t *testing.T) {
	role := "journal_" + strings.ToLower(rand.Text()[:10])
	all := superuser(t).String()
	exec(t, all, "CREATE ROLE "+role+" LOGIN PASSWORD 'handed-over'", 0)
	t.Cleanup(func() { exec(t, all, "DROP ROLE "+role, 0) }) // after its database
	address := database(t)
	exec(t, address, "CREATE SCHEMA runbook AUTHORIZATION "+role, 0)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "handed-over")
	open(t, u.String(), journal.ReadWrite)
}
