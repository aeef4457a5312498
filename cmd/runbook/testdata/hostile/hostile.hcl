# Every way we know of to change something under --read-only, one a step. TestHostile runs them one by one and looks at
# what they were to change. What a step is named for is what it tries.
runbook "hostile" {
  title = "Tries to write under --read-only"
}

variable "dir" { type = string }
variable "http_url" { type = string }
variable "superuser_url" {
  type      = string
  sensitive = true
}
variable "redis_url" {
  type      = string
  sensitive = true
}
variable "backend" { type = number }
variable "table" { type = string }
variable "pod" { type = string }

provider "http" {
  alias   = "overriding"
  headers = { "X-HTTP-Method-Override" = "DELETE" }
}
provider "prometheus" {
  alias = "redirecting"
  url   = "${var.http_url}/redirecting"
}
provider "prometheus" {
  alias = "administered"
  url   = "${var.http_url}/administered"
}
provider "postgres" { url = var.superuser_url }
provider "redis" { url = var.redis_url }
provider "kubernetes" {}

# What the plan refuses: the actions that say themselves what they are.

step "http_request" "http_post" {
  url    = "${var.http_url}/write"
  method = "POST"
}
step "http_request" "http_delete" {
  url    = "${var.http_url}/write"
  method = "delete"
}
step "http_request" "http_unknown_method" {
  url    = "${var.http_url}/write"
  method = "PURGE"
}
step "http_request" "http_method_in_a_header" {
  url     = "${var.http_url}/write"
  headers = { "x-method-override" = "PUT" }
}
step "local_memory" "any" {}
step "http_request" "http_method_found_at_run_time" {
  url    = "${var.http_url}/write"
  method = step.any.total_bytes > 0 ? "POST" : "GET"
}
step "local_command" "command" {
  command = ["touch", "${var.dir}/command"]
}
step "local_write_file" "file" {
  path    = "${var.dir}/file"
  content = "written"
}
step "local_write_file" "file_through_link" {
  path    = "${var.dir}/link"
  content = "written"
}
step "local_write_file" "file_through_dangling_link" {
  path    = "${var.dir}/dangling"
  content = "written"
}
step "local_write_file" "file_appended" {
  path    = "${var.dir}/kept"
  content = "written"
  append  = true
}
step "local_write_file" "file_by_descriptor" {
  path    = "/dev/fd/1"
  content = "written"
  append  = true
}
step "local_write_file" "files_found_at_run_time" {
  for_each = toset(step.any.total_bytes > 0 ? ["a"] : [])
  path     = "${var.dir}/expanded-${each.key}"
  content  = "written"
}
step "local_restore_file" "file_removed" {
  path   = "${var.dir}/kept"
  before = { exists = false, size_bytes = 0, mode = null, sha256 = null, content = null }
}
step "local_memory" "undo_of_a_read" {
  undo "local_write_file" {
    on      = "end"
    path    = "${var.dir}/undone"
    content = "written"
  }
}
step "runbook" "runbook_that_writes" {
  source    = "./child.hcl"
  variables = { dir = var.dir }
}
step "postgres_exec" "postgres_exec" {
  sql     = "INSERT INTO ${var.table} VALUES (1)"
  timeout = "5s"
}
step "redis_command" "redis_set" {
  command = ["SET", "hostile:new", "written"]
}
step "kubernetes_exec" "kubernetes_exec" {
  pod     = var.pod
  command = ["touch", "/tmp/hostile"]
}
step "kubernetes_exec" "kubernetes_exec_as_a_read" {
  effect  = "read"
  pod     = var.pod
  command = ["touch", "/tmp/hostile"]
}
step "kubernetes_delete" "kubernetes_delete" {
  api_version = "v1"
  kind        = "Pod"
  name        = var.pod
}

# What a client refuses: reads by their looks.

step "http_request" "http_redirected" {
  url = "${var.http_url}/redirect"
}
step "http_request" "http_method_in_the_providers_headers" {
  provider = provider.http.overriding
  url      = "${var.http_url}/write"
}
step "http_request" "http_websocket" {
  url = "${var.http_url}/exec?command=touch"
  headers = {
    Connection              = "Upgrade"
    Upgrade                 = "websocket"
    "Sec-WebSocket-Version" = "13"
    "Sec-WebSocket-Key"     = "dGhlIHNhbXBsZSBub25jZQ=="
  }
}
step "prometheus_query" "prometheus_redirected" {
  provider = provider.prometheus.redirecting
  query    = "up"
}
step "prometheus_query" "prometheus_admin" {
  provider = provider.prometheus.administered
  query    = "up"
}
step "kubernetes_objects" "kubernetes_exec_by_name" {
  api_version = "v1"
  kind        = "Pod"
  name        = "${var.pod}/exec?command=touch&command=/tmp/hostile"
}
step "kubernetes_logs" "kubernetes_proxy_by_name" {
  pod = "${var.pod}/proxy/shutdown?"
}

step "postgres_query" "postgres_insert" {
  sql = "INSERT INTO ${var.table} VALUES (1)"
}
step "postgres_query" "postgres_function_that_writes" {
  sql = "SELECT ${var.table}_write()"
}
step "postgres_query" "postgres_function_that_leaves_the_transaction" {
  sql = "SELECT set_config('transaction_read_only', 'off', true), ${var.table}_write()"
}
step "postgres_query" "postgres_terminate" {
  sql  = "SELECT pg_terminate_backend($1)"
  args = [var.backend]
}
step "postgres_query" "postgres_cancel_in_a_cte" {
  sql  = "WITH x AS (SELECT pg_cancel_backend($1) AS done) SELECT * FROM x"
  args = [var.backend]
}
step "postgres_query" "postgres_reload" {
  sql = "SELECT pg_reload_conf()"
}
step "postgres_query" "postgres_slot" {
  sql = "SELECT pg_create_physical_replication_slot('hostile')"
}
step "postgres_query" "postgres_lock" {
  sql = "SELECT pg_advisory_lock(4711)"
}
step "postgres_query" "postgres_sequence" {
  sql = "SELECT nextval('${var.table}_seq')"
}
step "postgres_query" "postgres_large_object" {
  sql = "SELECT lo_from_bytea(0, 'written')"
}
step "postgres_query" "postgres_copy_to_program" {
  sql = "COPY (SELECT 1) TO PROGRAM 'touch ${var.dir}/program'"
}
step "postgres_query" "postgres_copy_to_file" {
  sql = "COPY (SELECT 1) TO '${var.dir}/copied'"
}
step "postgres_query" "postgres_read_write" {
  sql = "SET TRANSACTION READ WRITE"
}
step "postgres_query" "postgres_second_statement" {
  sql = "SELECT 1; INSERT INTO ${var.table} VALUES (1)"
}
step "postgres_query" "postgres_commit_and_write" {
  sql = "COMMIT; INSERT INTO ${var.table} VALUES (1)"
}
step "postgres_query" "postgres_cte_that_deletes" {
  sql = "WITH gone AS (DELETE FROM ${var.table} RETURNING *) SELECT * FROM gone"
}
step "postgres_query" "postgres_select_into" {
  sql = "SELECT 1 INTO ${var.table}_new"
}
step "postgres_query" "postgres_explain_analyze" {
  sql = "EXPLAIN ANALYZE DELETE FROM ${var.table}"
}
step "postgres_query" "postgres_do" {
  sql = "DO $$ BEGIN INSERT INTO ${var.table} VALUES (1); END $$"
}

step "redis_query" "redis_write" {
  command = ["SET", "hostile:new", "written"]
}
step "redis_query" "redis_eval" {
  command = ["EVAL", "return redis.call('SET', 'hostile:new', 'written')", "0"]
}
step "redis_query" "redis_eval_ro" {
  command = ["EVAL_RO", "return redis.call('SET', 'hostile:new', 'written')", "0"]
}
step "redis_query" "redis_sort_store" {
  command = ["SORT", "hostile:list", "STORE", "hostile:new"]
}
step "redis_query" "redis_getex" {
  command = ["GETEX", "hostile:kept", "EX", "1"]
}
step "redis_query" "redis_georadius_store" {
  command = ["GEORADIUS", "hostile:geo", "0", "0", "1", "km", "STORE", "hostile:new"]
}
step "redis_query" "redis_config_set" {
  command = ["CONFIG", "SET", "slowlog-max-len", "129"]
}
step "redis_query" "redis_function" {
  command = ["FUNCTION", "LOAD", "#!lua name=hostile\nredis.register_function('hostile', function() return 1 end)"]
}
