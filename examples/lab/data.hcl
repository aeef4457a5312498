# The database and the cache: pings, queries, sizes, connections, slow statements and slow commands.
# Queries run in READ ONLY transactions, and Redis is sent reading commands only.
runbook "lab-data" {}

step "postgres_ping" "ping" {
  assert { condition = self.version_num >= 130000 && !self.in_recovery }
}

step "postgres_query" "users" {
  sql  = "SELECT plan, count(*) AS users FROM users WHERE created_at < $1::timestamptz GROUP BY plan ORDER BY plan"
  args = [timestamp()]
  show = [for row in self.rows : "${row.plan}: ${row.users}"]
  assert { condition = alltrue([for row in self.rows : row.users > 0]) }
}

step "postgres_activity" "activity" {
  threshold "connections" {
    value = self.used_percent
    unit  = "%"
    warn  = value > 80
  }
}

step "postgres_size" "size" {
  limit = 5
  assert { condition = self.size_bytes < bytes("10GiB") }
}

step "postgres_slow_queries" "slow" {
  limit = 3
  show  = [for q in self.queries : format("%.1f ms %s", q.mean_ms, substr(replace(q.query, "/\\s+/", " "), 0, 60))]
}

step "postgres_replication" "replication" {
  assert { condition = self.role == "primary" }
}

step "redis_ping" "cache" {
  assert { condition = self.response == "PONG" }
}

step "redis_info" "memory" {
  assert { condition = self.used_memory_bytes > 0 && self.role == "master" }
}

step "redis_query" "keys" {
  command = ["DBSIZE"]
  assert { condition = self.value >= 0 }
}

step "redis_slowlog" "slow_commands" {
  limit = 5
}
