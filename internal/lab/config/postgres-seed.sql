-- Runs once, as the superuser, inside the new database. %ROLE_PASSWORD% is replaced by hexadecimal digits.
DROP ROLE IF EXISTS runbook;
CREATE ROLE runbook LOGIN PASSWORD '%ROLE_PASSWORD%';
GRANT pg_monitor TO runbook;
ALTER DATABASE intelligent_agent OWNER TO runbook;
CREATE EXTENSION pg_stat_statements;

-- Something that the ordinary role must not see.
CREATE TABLE billing_secrets (id int PRIMARY KEY, card text NOT NULL);
INSERT INTO billing_secrets SELECT n, 'card-' || n FROM generate_series(1, 10) n;
REVOKE ALL ON billing_secrets FROM PUBLIC;

SET ROLE runbook;

CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    plan       text NOT NULL DEFAULT 'free',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE agents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id   bigint NOT NULL REFERENCES users,
    name       text NOT NULL,
    settings   jsonb NOT NULL DEFAULT '{}',
    enabled    boolean NOT NULL DEFAULT true
);
CREATE TABLE conversations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id   bigint NOT NULL REFERENCES agents,
    state      text NOT NULL,
    tokens     int NOT NULL,
    cost       numeric(10, 4) NOT NULL,
    started_at timestamptz NOT NULL
);
CREATE INDEX conversations_started_at ON conversations (started_at);
CREATE TABLE audit_logs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor      text NOT NULL,
    action     text NOT NULL,
    at         timestamptz NOT NULL
);

INSERT INTO users (email, plan, created_at)
SELECT 'user' || n || '@example.com', (ARRAY['free', 'team', 'enterprise'])[1 + n % 3], now() - n * interval '1 hour'
FROM generate_series(1, 2000) n;
INSERT INTO agents (owner_id, name, settings)
SELECT 1 + n % 2000, 'agent-' || n, jsonb_build_object('model', 'm' || n % 4, 'temperature', (n % 10) / 10.0)
FROM generate_series(1, 3000) n;
INSERT INTO conversations (agent_id, state, tokens, cost, started_at)
SELECT 1 + n % 3000, (ARRAY['open', 'closed', 'failed'])[1 + n % 3], n % 4096, (n % 4096) * 0.0003, now() - n * interval '1 minute'
FROM generate_series(1, 10000) n;
INSERT INTO audit_logs (actor, action, at)
SELECT 'user' || n % 2000, (ARRAY['login', 'update', 'delete'])[1 + n % 3], now() - n * interval '30 seconds'
FROM generate_series(1, 5000) n;

-- Dead rows, so that there is something to vacuum.
UPDATE agents SET enabled = false WHERE id % 10 = 0;
ANALYZE;

-- Queries of different weight for pg_stat_statements.
SELECT count(*) FROM users;
SELECT state, sum(cost) FROM conversations GROUP BY state ORDER BY 2 DESC;
SELECT u.plan, count(*) FROM users u JOIN agents a ON a.owner_id = u.id JOIN conversations c ON c.agent_id = a.id GROUP BY u.plan;
SELECT action, count(*) FROM audit_logs WHERE at > now() - interval '1 day' GROUP BY action;

RESET ROLE;
-- The last statement: whoever finds this table finds the whole seed.
CREATE TABLE lab_seed (done boolean NOT NULL);
