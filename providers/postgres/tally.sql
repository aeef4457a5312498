-- The rows that this session has inserted, updated and deleted, by table; earlier transactions, whose counts the server has not taken in
-- yet, among them. $1 is the table that a statement names.
WITH RECURSIVE own(oid) AS (
    SELECT pg_catalog.to_regclass($1)::oid
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN own ON i.inhparent = own.oid
)
SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relpersistence = 't' AS temporary, own.oid IS NOT NULL AS own,
    -- Rows of a child that are inserted into its parent come back there, unless a trigger sends them on, and without its own columns.
    own.oid IS NOT NULL AND c.oid <> pg_catalog.to_regclass($1) AND NOT c.relispartition AND (
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
        > (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped)
        OR NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = pg_catalog.to_regclass($1) AND t.tgtype & 7 = 7 AND t.tgenabled <> 'D')
    ) AS heir,
    x.inserted, x.updated, x.deleted
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN own ON own.oid = c.oid,
    LATERAL (SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted, pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
        pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted) x
WHERE c.relkind = 'r' AND c.oid >= 16384 AND x.inserted + x.updated + x.deleted > 0
