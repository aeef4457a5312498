-- What is behind the names that a statement uses: $1 is JSON, see names in catalog.go. One row for each function that may
-- be called, and one for each text of SQL that is carried out with it.
WITH RECURSIVE
asked_functions AS (SELECT * FROM pg_catalog.jsonb_to_recordset(($1::pg_catalog.jsonb) OPERATOR(pg_catalog.->) 'functions') AS f(schema text, name text, field bool, place text)),
asked_relations AS (
    SELECT found.oid FROM pg_catalog.jsonb_to_recordset(($1::pg_catalog.jsonb) OPERATOR(pg_catalog.->) 'relations') AS r(path text, schema text, name text), LATERAL (
        SELECT pg_catalog.to_regclass(r.path)::oid AS oid
        UNION ALL SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
            WHERE n.nspname OPERATOR(pg_catalog.=) r.schema AND c.relname OPERATOR(pg_catalog.=) r.name
    ) found
),
asked_types AS (
    SELECT found.oid FROM pg_catalog.jsonb_to_recordset(($1::pg_catalog.jsonb) OPERATOR(pg_catalog.->) 'types') AS t(path text, schema text, name text), LATERAL (
        SELECT pg_catalog.to_regtype(t.path)::oid AS oid
        UNION ALL SELECT y.oid FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) y.typnamespace
            WHERE n.nspname OPERATOR(pg_catalog.=) t.schema AND y.typname OPERATOR(pg_catalog.=) t.name
    ) found
),
-- A table brings its partitions and the tables that inherit from it.
relations(oid) AS (
    SELECT oid FROM asked_relations WHERE oid IS NOT NULL
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN relations r ON i.inhparent OPERATOR(pg_catalog.=) r.oid
),
-- What a change of a table may bring is asked for where the statement is one.
changed AS (SELECT oid FROM relations WHERE ($1::pg_catalog.jsonb OPERATOR(pg_catalog.->) 'changes')::bool),
asked_operators AS (SELECT o.value AS name FROM pg_catalog.jsonb_array_elements_text(($1::pg_catalog.jsonb) OPERATOR(pg_catalog.->) 'operators') o),
pinned_operators AS (SELECT o.value AS name FROM pg_catalog.jsonb_array_elements_text(($1::pg_catalog.jsonb) OPERATOR(pg_catalog.->) 'pinned') o),
named AS (
    SELECT p.oid, p.prorettype, p.proargtypes::oid[] AS arguments, p.proallargtypes AS outputs, f.place
    FROM asked_functions f
    JOIN pg_catalog.pg_proc p ON p.proname OPERATOR(pg_catalog.=) f.name
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
    WHERE CASE WHEN f.schema OPERATOR(pg_catalog.=) '' THEN n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true)) ELSE n.nspname OPERATOR(pg_catalog.=) f.schema END
      AND (NOT f.field OR p.pronargs OPERATOR(pg_catalog.>=) 1 AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1)
),
-- Where no function has a name, a call of it with one argument is a cast to the type of that name, and so is x.name; to a
-- row's type it is none.
called_types AS (
    SELECT y.oid
    FROM asked_functions f
    JOIN pg_catalog.pg_type y ON y.typname OPERATOR(pg_catalog.=) f.name
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) y.typnamespace
    WHERE CASE WHEN f.schema OPERATOR(pg_catalog.=) '' THEN n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(true)) ELSE n.nspname OPERATOR(pg_catalog.=) f.schema END
      AND y.typrelid OPERATOR(pg_catalog.=) 0::oid
),
-- Before version 14 there are none, and no such column.
multiranges AS (
    SELECT g.rngtypid AS one, (pg_catalog.to_jsonb(g) OPERATOR(pg_catalog.->>) 'rngmultitypid')::oid AS many FROM pg_catalog.pg_range g
    WHERE g.rngtypid OPERATOR(pg_catalog.>=) 16384::oid AND pg_catalog.to_jsonb(g) OPERATOR(pg_catalog.->>) 'rngmultitypid' IS NOT NULL
),
-- Operators that somebody made under an asked name, and those that PostgreSQL puts in their place: NOT a < b is a >= b.
operators AS (
    SELECT o.oprname::text AS name, '' COLLATE pg_catalog."C" AS instead, o.oprcode::oid AS code, o.oprleft, o.oprright, o.oprresult, o.oprnegate::oid, o.oprcom::oid,
        o.oprleft OPERATOR(pg_catalog.<) 16384::oid AND o.oprright OPERATOR(pg_catalog.<) 16384::oid AS plain
    FROM pg_catalog.pg_operator o
    WHERE o.oid OPERATOR(pg_catalog.>=) 16384::oid AND o.oprname::text OPERATOR(pg_catalog.=) ANY (SELECT name FROM asked_operators)
    UNION SELECT o.name, ' or ' OPERATOR(pg_catalog.||) x.oprname::text, x.oprcode::oid, x.oprleft, x.oprright, x.oprresult, x.oprnegate::oid, x.oprcom::oid, o.plain
    FROM operators o JOIN pg_catalog.pg_operator x ON x.oid OPERATOR(pg_catalog.=) o.oprnegate OR x.oid OPERATOR(pg_catalog.=) o.oprcom
),
implicit_casts AS (
    SELECT c.castsource, c.casttarget FROM pg_catalog.pg_cast c WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND c.castcontext OPERATOR(pg_catalog.=) 'i'
),
-- Operands may be of a type that nothing else names where the operator is pinned, or where PostgreSQL's own values turn into it.
operands(oid) AS (
    SELECT t.oid FROM operators o, LATERAL (VALUES (o.oprleft), (o.oprright), (o.oprresult)) t(oid)
    WHERE o.plain OR o.name OPERATOR(pg_catalog.=) ANY (SELECT name FROM pinned_operators)
       OR EXISTS (SELECT FROM implicit_casts c WHERE c.castsource OPERATOR(pg_catalog.<) 16384::oid
            AND (c.casttarget OPERATOR(pg_catalog.=) o.oprleft OR c.casttarget OPERATOR(pg_catalog.=) o.oprright))
),
-- A type brings what it is made of, and what operators and implicit casts make of it.
types(oid) AS (
    SELECT oid FROM asked_types WHERE oid IS NOT NULL
    UNION SELECT oid FROM called_types
    UNION SELECT * FROM (SELECT prorettype FROM named) n
    UNION SELECT * FROM (SELECT t.oid FROM named, LATERAL (SELECT * FROM pg_catalog.unnest(arguments) UNION ALL SELECT * FROM pg_catalog.unnest(outputs)) t(oid)
        WHERE named.oid OPERATOR(pg_catalog.>=) 16384::oid) p
    UNION SELECT * FROM operands
    UNION SELECT * FROM (SELECT t.oid FROM named f JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::oid OPERATOR(pg_catalog.=) f.oid,
        LATERAL (VALUES (a.aggtranstype), (a.aggmtranstype)) t(oid) WHERE f.oid OPERATOR(pg_catalog.>=) 16384::oid) s
    UNION SELECT * FROM (SELECT a.atttypid FROM pg_catalog.pg_attribute a JOIN relations r ON r.oid OPERATOR(pg_catalog.=) a.attrelid WHERE a.attnum OPERATOR(pg_catalog.>) 0) c
    UNION SELECT * FROM (SELECT w.reltype FROM pg_catalog.pg_class w JOIN relations r ON r.oid OPERATOR(pg_catalog.=) w.oid WHERE w.reltype OPERATOR(pg_catalog.<>) 0) w
    UNION SELECT m.part FROM types t, LATERAL (
        SELECT y.typelem AS part FROM pg_catalog.pg_type y WHERE y.oid OPERATOR(pg_catalog.=) t.oid
        UNION ALL SELECT y.typarray FROM pg_catalog.pg_type y WHERE y.oid OPERATOR(pg_catalog.=) t.oid AND y.oid OPERATOR(pg_catalog.>=) 16384::oid
        UNION ALL SELECT y.typbasetype FROM pg_catalog.pg_type y WHERE y.oid OPERATOR(pg_catalog.=) t.oid
        UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range g WHERE g.rngtypid OPERATOR(pg_catalog.=) t.oid
        UNION ALL SELECT g.many FROM multiranges g WHERE g.one OPERATOR(pg_catalog.=) t.oid
        UNION ALL SELECT g.one FROM multiranges g WHERE g.many OPERATOR(pg_catalog.=) t.oid
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_type y JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) y.typrelid
            WHERE y.oid OPERATOR(pg_catalog.=) t.oid AND y.typrelid OPERATOR(pg_catalog.<>) 0 AND a.attnum OPERATOR(pg_catalog.>) 0
        UNION ALL SELECT o.oprresult FROM operators o WHERE t.oid OPERATOR(pg_catalog.=) o.oprleft OR t.oid OPERATOR(pg_catalog.=) o.oprright
        UNION ALL SELECT c.casttarget FROM implicit_casts c WHERE c.castsource OPERATOR(pg_catalog.=) t.oid AND t.oid OPERATOR(pg_catalog.>=) 16384::oid
    ) m WHERE m.part OPERATOR(pg_catalog.<>) 0
),
-- What PostgreSQL works out while it plans: expressions of what belongs to a table, each as the tree that the server keeps.
-- For a change, what fills its columns is among them.
ancestors(oid) AS (
    SELECT oid FROM relations
    UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN ancestors a ON i.inhrelid OPERATOR(pg_catalog.=) a.oid
),
expressions(class, oid, tree, place, relation) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid, i.indexrelid, pg_catalog.concat(i.indexprs, ' ', i.indpred), 'index ' OPERATOR(pg_catalog.||) c.relname::text, i.indrelid
    FROM relations r JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) r.oid JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
    WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
    UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conbin::text, 'constraint ' OPERATOR(pg_catalog.||) k.conname::text, k.conrelid
    FROM relations r JOIN pg_catalog.pg_constraint k ON k.conrelid OPERATOR(pg_catalog.=) r.oid WHERE k.conbin IS NOT NULL
    UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, coalesce(pg_catalog.to_jsonb(s) OPERATOR(pg_catalog.->>) 'stxexprs', ''), 'statistics ' OPERATOR(pg_catalog.||) s.stxname::text, s.stxrelid
    FROM relations r JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid OPERATOR(pg_catalog.=) r.oid
    UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, t.partrelid, t.partexprs::text, 'the partition key', t.partrelid
    FROM ancestors r JOIN pg_catalog.pg_partitioned_table t ON t.partrelid OPERATOR(pg_catalog.=) r.oid WHERE t.partexprs IS NOT NULL
    UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, b.oid, b.adbin::text, 'the default of ' OPERATOR(pg_catalog.||) a.attname::text, b.adrelid
    FROM changed r JOIN pg_catalog.pg_attrdef b ON b.adrelid OPERATOR(pg_catalog.=) r.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) b.adrelid AND a.attnum OPERATOR(pg_catalog.=) b.adnum
    UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, y.oid, y.typdefaultbin::text, 'the default of the domain ' OPERATOR(pg_catalog.||) y.typname::text, a.attrelid
    FROM changed r JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) r.oid JOIN pg_catalog.pg_type y ON y.oid OPERATOR(pg_catalog.=) a.atttypid
    WHERE a.attnum OPERATOR(pg_catalog.>) 0 AND y.typdefaultbin IS NOT NULL
),
-- The functions in them, and those in the defaults of their arguments and in bodies that the server keeps as trees. A call
-- stands in the tree with its number behind mention. An operator with an estimator is called with values from the statistics,
-- whatever its function is declared. PostgreSQL's own functions are not in pg_depend. Those that it declares immutable do no
-- harm, and planning calls no other of an expression; but of a default and a body it may.
calls(class, oid, tree, place, relation, code, by, mention, within) AS (
    SELECT class, oid, tree COLLATE pg_catalog."C", place COLLATE pg_catalog."C", relation, 0::oid, '' COLLATE pg_catalog."C", '' COLLATE pg_catalog."C", '' COLLATE pg_catalog."C" FROM expressions
    UNION SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid,
        pg_catalog.concat(p.proargdefaults, ' ', pg_catalog.to_jsonb(p) OPERATOR(pg_catalog.->>) 'prosqlbody') COLLATE pg_catalog."C", m.place, m.relation, p.oid, x.by COLLATE pg_catalog."C", x.mention COLLATE pg_catalog."C", m.tree
    FROM calls m,
    -- OFFSET keeps the server from reading all of pg_depend.
    LATERAL (SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid OPERATOR(pg_catalog.=) m.class AND d.objid OPERATOR(pg_catalog.=) m.oid
        UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, (f.number)[1]::oid FROM pg_catalog.regexp_matches(m.tree, ':funcid (\d{1,4}) ', 'g') f(number) WHERE m.code OPERATOR(pg_catalog.<>) 0::oid
        OFFSET 0) d,
    LATERAL (
        SELECT d.refobjid AS code, '' AS by, 'funcid ' OPERATOR(pg_catalog.||) d.refobjid::text AS mention WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
        UNION ALL SELECT i.oprcode::oid, 'operator ' OPERATOR(pg_catalog.||) o.oprname::text,
            CASE WHEN i.oprrest OPERATOR(pg_catalog.<>) 0::oid OR i.oprjoin OPERATOR(pg_catalog.<>) 0::oid THEN 'estimated' ELSE 'opno ' OPERATOR(pg_catalog.||) o.oid::text END
        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_operator i ON i.oid OPERATOR(pg_catalog.=) ANY (ARRAY[o.oid, o.oprnegate::oid, o.oprcom::oid])
        WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid OPERATOR(pg_catalog.=) d.refobjid
    ) x
    JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) x.code
    -- A planner's helper of a function is compiled, and no expression calls it.
    WHERE NOT 'pg_catalog.internal'::pg_catalog.regtype::oid OPERATOR(pg_catalog.=) ANY (p.proargtypes::oid[])
),
-- Operator classes that somebody made, whose functions compare values to sort, join, index and prune.
families(oid) AS (
    SELECT c.opcfamily FROM types t JOIN pg_catalog.pg_opclass c ON c.opcintype OPERATOR(pg_catalog.=) t.oid
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND (c.opcdefault OR t.oid OPERATOR(pg_catalog.>=) 16384::oid)
    UNION SELECT c.opcfamily FROM (
        SELECT pg_catalog.unnest(i.indclass::oid[]) AS oid FROM relations r JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) r.oid
        UNION SELECT pg_catalog.unnest(t.partclass::oid[]) FROM ancestors r JOIN pg_catalog.pg_partitioned_table t ON t.partrelid OPERATOR(pg_catalog.=) r.oid
        UNION SELECT g.rngsubopc FROM types t JOIN pg_catalog.pg_range g ON g.rngtypid OPERATOR(pg_catalog.=) t.oid
    ) u JOIN pg_catalog.pg_opclass c ON c.oid OPERATOR(pg_catalog.=) u.oid WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid
),
functions AS (
    SELECT oid, ''::text AS by, coalesce(place, '') AS place, '' AS tree, '' AS mention FROM named
    UNION ALL SELECT o.code, 'operator ' OPERATOR(pg_catalog.||) o.name OPERATOR(pg_catalog.||) o.instead, '', '', '' FROM operators o
        WHERE o.plain OR o.oprleft OPERATOR(pg_catalog.=) ANY (SELECT oid FROM types) OR o.oprright OPERATOR(pg_catalog.=) ANY (SELECT oid FROM types)
    UNION ALL SELECT c.castfunc, 'a cast', '', '', '' FROM pg_catalog.pg_cast c WHERE c.oid OPERATOR(pg_catalog.>=) 16384::oid AND c.castfunc OPERATOR(pg_catalog.<>) 0::oid
        AND (c.castsource OPERATOR(pg_catalog.=) ANY (SELECT oid FROM types)
            OR c.castsource OPERATOR(pg_catalog.<) 16384::oid AND c.casttarget OPERATOR(pg_catalog.=) ANY (SELECT oid FROM types))
    UNION ALL SELECT part.oid, 'a range', '', '', '' FROM pg_catalog.pg_range g JOIN types t ON g.rngtypid OPERATOR(pg_catalog.=) t.oid,
        LATERAL (VALUES (g.rngsubdiff::oid), (g.rngcanonical::oid)) part(oid) WHERE part.oid OPERATOR(pg_catalog.>=) 16384::oid
    UNION ALL SELECT part.oid, 'an aggregate', '', '', '' FROM named f JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::oid OPERATOR(pg_catalog.=) f.oid,
        LATERAL (VALUES (a.aggtransfn::oid), (a.aggfinalfn::oid), (a.aggcombinefn::oid), (a.aggserialfn::oid), (a.aggdeserialfn::oid),
            (a.aggmtransfn::oid), (a.aggminvtransfn::oid), (a.aggmfinalfn::oid)) part(oid)
        WHERE f.oid OPERATOR(pg_catalog.>=) 16384::oid AND part.oid OPERATOR(pg_catalog.<>) 0::oid
    UNION ALL SELECT part.oid, 'an operator class', '', '', '' FROM families f, LATERAL (
        SELECT k.amproc::oid FROM pg_catalog.pg_amproc k WHERE k.amprocfamily OPERATOR(pg_catalog.=) f.oid
        UNION ALL SELECT o.oprcode::oid FROM pg_catalog.pg_amop k JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) k.amopopr WHERE k.amopfamily OPERATOR(pg_catalog.=) f.oid
    ) part(oid) JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) part.oid
        WHERE NOT 'pg_catalog.internal'::pg_catalog.regtype::oid OPERATOR(pg_catalog.=) ANY (p.proargtypes::oid[])
    -- A virtual column is its expression, which may be a constant, so that columns of its table stay none.
    UNION ALL SELECT m.code, m.by, pg_catalog.concat(m.place, ' of ', s.nspname, '.', c.relname),
        CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attgenerated OPERATOR(pg_catalog.=) 'v') THEN '' ELSE m.within END, m.mention
    FROM calls m JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) m.relation JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE m.code OPERATOR(pg_catalog.<>) 0::oid
)
SELECT DISTINCT 'function' AS kind, n.nspname::text AS schema, p.proname::text AS name, f.by, p.oid OPERATOR(pg_catalog.<) 16384::oid AS own,
    p.provolatile::text AS volatility, p.prosecdef AS definer, p.prokind::text AS prokind, l.lanname::text AS language, coalesce(e.extname::text, '') AS extension,
    EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes::oid[]) a(t) WHERE a.t OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog.cstring'::pg_catalog.regtype::oid, 'pg_catalog.internal'::pg_catalog.regtype::oid])) AS internal,
    CASE WHEN l.lanname OPERATOR(pg_catalog.=) 'sql' AND p.oid OPERATOR(pg_catalog.>=) 16384::oid THEN coalesce(pg_catalog.to_jsonb(p) OPERATOR(pg_catalog.->>) 'prosqlbody', '') OPERATOR(pg_catalog.<>) '' ELSE false END AS atomic,
    CASE WHEN l.lanname OPERATOR(pg_catalog.=) 'sql' AND p.oid OPERATOR(pg_catalog.>=) 16384::oid THEN p.prosrc ELSE '' END AS sql,
    p.proconfig IS NOT NULL AS configured,
    EXISTS (SELECT FROM pg_catalog.pg_depend m WHERE m.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid OPERATOR(pg_catalog.=) p.oid
        AND m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass AND m.deptype OPERATOR(pg_catalog.=) 'i') AS constructor,
    f.place, f.tree, f.mention
FROM functions f
JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) f.oid
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
UNION ALL
SELECT part.kind, s.nspname::text, c.relname::text, part.by, c.oid OPERATOR(pg_catalog.<) 16384::oid, '', false, c.relkind::text, '', '', false, false, coalesce(part.sql, ''), false, false, '', '', ''
FROM relations r
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.oid
JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace,
LATERAL (
    SELECT 'view' AS kind, '' AS by, pg_catalog.pg_get_viewdef(c.oid) AS sql WHERE c.relkind OPERATOR(pg_catalog.=) 'v' AND c.oid OPERATOR(pg_catalog.>=) 16384::oid
    UNION ALL SELECT 'foreign table', '', '' WHERE c.relkind OPERATOR(pg_catalog.=) 'f'
    UNION ALL SELECT 'row security', '', x.sql FROM pg_catalog.pg_policy y, LATERAL (VALUES (pg_catalog.pg_get_expr(y.polqual, y.polrelid)), (pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid))) x(sql)
        WHERE y.polrelid OPERATOR(pg_catalog.=) c.oid AND c.relrowsecurity AND x.sql IS NOT NULL
    UNION ALL SELECT 'generated column', '', pg_catalog.pg_get_expr(b.adbin, b.adrelid) FROM pg_catalog.pg_attrdef b JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) b.adrelid AND a.attnum OPERATOR(pg_catalog.=) b.adnum
        WHERE b.adrelid OPERATOR(pg_catalog.=) c.oid AND a.attgenerated OPERATOR(pg_catalog.=) 'v'
    UNION ALL SELECT 'rule', w.rulename::text, '' FROM changed h JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) h.oid
        WHERE h.oid OPERATOR(pg_catalog.=) c.oid AND w.ev_type OPERATOR(pg_catalog.<>) '1' AND w.oid OPERATOR(pg_catalog.>=) 16384::oid
    -- Those that are called though no row is changed or locked: of a statement, before a new row, in place of a view's row.
    UNION ALL SELECT 'trigger', t.tgname::text, '' FROM changed h JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) h.oid
        WHERE h.oid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal AND t.tgenabled OPERATOR(pg_catalog.<>) 'D' AND (t.tgtype OPERATOR(pg_catalog.&) 28) OPERATOR(pg_catalog.<>) 0
            AND ((t.tgtype OPERATOR(pg_catalog.&) 1) OPERATOR(pg_catalog.=) 0 OR (t.tgtype OPERATOR(pg_catalog.&) 6) OPERATOR(pg_catalog.=) 6 OR (t.tgtype OPERATOR(pg_catalog.&) 64) OPERATOR(pg_catalog.<>) 0)
) part
UNION ALL
SELECT 'default of function', n.nspname::text, p.proname::text, '', false, '', false, '', '', '', false, false, pg_catalog.pg_get_expr(p.proargdefaults, 0), false, false, '', '', ''
FROM functions f
JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) f.oid
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
WHERE p.oid OPERATOR(pg_catalog.>=) 16384::oid AND p.proargdefaults IS NOT NULL AND f.mention OPERATOR(pg_catalog.=) ''
UNION ALL
SELECT 'domain', s.nspname::text, y.typname::text, '', false, '', false, '', '', '', false, false, pg_catalog.pg_get_expr(k.conbin, 0), false, false, '', '', ''
FROM types t
JOIN pg_catalog.pg_type y ON y.oid OPERATOR(pg_catalog.=) t.oid
JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) y.typnamespace
JOIN pg_catalog.pg_constraint k ON k.contypid OPERATOR(pg_catalog.=) y.oid
WHERE y.oid OPERATOR(pg_catalog.>=) 16384::oid AND k.conbin IS NOT NULL
