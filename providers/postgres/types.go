package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// typeNames gives the name of each type as pg_type has it ("int4", "timestamptz"), arrays as "int4[]". Only types that
// PostgreSQL doesn't have itself cost a question to the server.
func (c *client) typeNames(ctx context.Context, op string, columns []column) (map[uint32]string, error) {
	known := pgtype.NewMap()
	names := map[uint32]string{}
	var unknown []string
	for _, col := range columns {
		if _, ok := names[col.oid]; ok {
			continue
		}
		if t, ok := known.TypeForOID(col.oid); ok {
			names[col.oid] = typeName(t.Name)
			continue
		}
		names[col.oid] = fmt.Sprintf("oid %d", col.oid)
		unknown = append(unknown, fmt.Sprint(col.oid))
	}
	if len(unknown) == 0 {
		return names, nil
	}
	tables, err := c.look(ctx, op, statement{
		sql:    "SELECT oid::int8, typname FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])",
		params: [][]byte{[]byte("{" + strings.Join(unknown, ",") + "}")},
	})
	if err != nil {
		return nil, err
	}
	set := rowsOf(tables[0])
	for _, r := range set.rows {
		names[uint32(r.integer("oid"))] = typeName(r.text("typname"))
	}
	return names, set.err
}

// typeName writes an array's internal name, "_int4", as it is written in SQL.
func typeName(name string) string {
	if element, ok := strings.CutPrefix(name, "_"); ok {
		return element + "[]"
	}
	return name
}
