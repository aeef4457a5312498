-- The tables that the foreign keys of others change when rows of the table $1 are deleted or updated: $2 has the letters d and u for that.
-- From each it goes on.
WITH RECURSIVE own(oid) AS (
    SELECT pg_catalog.to_regclass($1)::oid
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN own ON i.inhparent = own.oid
),
reached(oid, event, by) AS (
    SELECT own.oid, e.event COLLATE pg_catalog."C", NULL::pg_catalog.text COLLATE pg_catalog."C" FROM own, (VALUES ('d'), ('u')) e(event) WHERE pg_catalog.strpos($2, e.event) > 0
    UNION SELECT k.conrelid, CASE a.action WHEN 'c' THEN r.event ELSE 'u' END,
        k.conname || CASE r.event WHEN 'd' THEN ', ON DELETE ' ELSE ', ON UPDATE ' END || CASE a.action WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END
    FROM reached r JOIN pg_catalog.pg_constraint k ON k.confrelid = r.oid AND k.contype = 'f',
        LATERAL (SELECT CASE r.event WHEN 'd' THEN k.confdeltype ELSE k.confupdtype END AS action) a
    WHERE a.action IN ('c', 'n', 'd')
)
SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relispartition AS partition, pg_catalog.min(r.by) AS by
FROM reached r JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.by IS NOT NULL GROUP BY c.oid, n.nspname, c.relname, c.relispartition ORDER BY 2
