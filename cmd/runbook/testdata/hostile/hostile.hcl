# Every way we know of to change something under --read-only, one a step. TestHostile runs them one by one and looks at
# what they were to change. What a step is named for is what it tries; the comment above it says what becomes of it, and
# what is said then:
#
#   writes   the plan refuses it; without the flag it changes something
#   planned  the plan refuses it; without the flag it is not tried, for it would do harm to others or to the attempts that follow
#   never    it is refused with the flag and without
#   stopped  the client refuses it; it is not tried without the flag
#   passes   it is sent, as the read that it is
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
variable "object" { type = number }
variable "client" { type = number }
variable "open_dir" { type = string }
variable "namespace" { type = string }
variable "node" { type = string }
variable "pod" { type = string }

provider "http" {
  alias   = "overriding"
  headers = { "X-HTTP-Method-Override" = "PUT" }
}
provider "prometheus" {
  alias = "redirecting"
  url   = "${var.http_url}/redirecting"
}
provider "prometheus" {
  alias = "administered"
  url   = "${var.http_url}/administered"
}
provider "prometheus" {
  alias = "hidden"
  url   = "${var.http_url}/api/v1/admin/tsdb/snapshot?skip="
}
provider "prometheus" {
  alias = "alerting"
  url   = "${var.http_url}/alerting"
}
provider "postgres" { url = var.superuser_url }
provider "redis" { url = var.redis_url }
provider "kubernetes" {
  kubeconfig = env("KUBECONFIG")
  namespace  = var.namespace
}

# What the plan refuses: the actions that say themselves what they are.

# writes: Refused by --read-only
step "http_request" "http_post" {
  url    = "${var.http_url}/write"
  method = "POST"
}
# writes: Refused by --read-only
step "http_request" "http_delete" {
  url    = "${var.http_url}/write"
  method = "delete"
}
# writes: Refused by --read-only
step "http_request" "http_unknown_method" {
  url    = "${var.http_url}/write"
  method = "PURGE"
}
# planned: Refused by --read-only
step "http_request" "http_method_in_a_header" {
  url     = "${var.http_url}/write"
  headers = { "x-method-override" = "PUT" }
}
# planned: Refused by --read-only
step "http_request" "http_websocket_by_post" {
  url     = "${var.http_url}/exec"
  method  = "POST"
  headers = { Connection = "Upgrade", Upgrade = "SPDY/3.1" }
}
# planned: Refused by --read-only
step "http_request" "http_prometheus_quit" {
  url    = "${env("PROMETHEUS_URL")}/-/quit"
  method = "POST"
}
step "local_memory" "any" {}
# writes: Refused by --read-only
step "http_request" "http_method_found_at_run_time" {
  url    = "${var.http_url}/write"
  method = step.any.total_bytes > 0 ? "POST" : "GET"
}
# writes: Refused by --read-only
step "local_command" "command" {
  command = ["touch", "${var.dir}/command"]
}
# writes: Refused by --read-only
step "local_write_file" "file" {
  path    = "${var.dir}/file"
  content = "written"
}
# writes: Refused by --read-only
step "local_write_file" "file_through_link" {
  path    = "${var.dir}/link"
  content = "written"
}
# writes: Refused by --read-only
step "local_write_file" "file_through_dangling_link" {
  path    = "${var.dir}/dangling"
  content = "written"
}
# writes: Refused by --read-only
step "local_write_file" "file_through_linked_folder" {
  path    = "${var.dir}/folder/file"
  content = "written"
}
# writes: Refused by --read-only
step "local_write_file" "file_appended" {
  path    = "${var.dir}/kept"
  content = "written"
  append  = true
}
# planned: Refused by --read-only
step "local_write_file" "file_by_descriptor" {
  path    = "${var.dir == "" ? "" : "/dev"}/fd/1" # a constant would be refused by validate
  content = "written"
  append  = true
}
# writes: Refused by --read-only
step "local_write_file" "files_found_at_run_time" {
  for_each = toset(step.any.total_bytes > 0 ? ["a"] : [])
  path     = "${var.dir}/expanded-${each.key}"
  content  = "written"
}
# writes: Refused by --read-only
step "local_restore_file" "file_removed" {
  path   = "${var.dir}/kept"
  before = { exists = false, size_bytes = 0, mode = null, sha256 = null, content = null }
}
# writes: The undo of step
step "local_memory" "undo_of_a_read" {
  undo "local_write_file" {
    on      = "end"
    path    = "${var.dir}/undone"
    content = "written"
  }
}
# writes: Refused by --read-only
step "runbook" "runbook_that_writes" {
  source    = "./child.hcl"
  variables = { dir = var.dir }
}
# writes: Refused by --read-only
step "postgres_exec" "postgres_exec" {
  sql     = "INSERT INTO ${var.table} VALUES (1)"
  timeout = "5s"
}
# writes: Refused by --read-only
step "redis_command" "redis_set" {
  command = ["SET", "hostile:new", "written"]
}
# writes: Refused by --read-only
step "kubernetes_exec" "kubernetes_exec" {
  pod     = var.pod
  command = ["touch", "${var.open_dir}/executed"]
}
# never: An author may raise its effect, and not lower it
step "kubernetes_exec" "kubernetes_exec_as_a_read" {
  effect  = "read"
  pod     = var.pod
  command = ["touch", "${var.open_dir}/executed"]
}
# writes: Refused by --read-only
step "kubernetes_delete" "kubernetes_delete" {
  api_version = "v1"
  kind        = "ConfigMap"
  name        = "doomed"
}
# writes: Refused by --read-only
step "kubernetes_scale" "kubernetes_scale" {
  resource = "deployment/kept"
  replicas = 0
}
# writes: Refused by --read-only
step "kubernetes_label" "kubernetes_label" {
  resource = "deployment/kept"
  labels   = { hostile = "yes" }
}
# writes: Refused by --read-only
step "kubernetes_patch" "kubernetes_patch" {
  resource = "deployment/kept"
  patch    = { metadata = { labels = { patched = "yes" } } }
}
# writes: Refused by --read-only
step "kubernetes_apply" "kubernetes_apply" {
  manifest = { apiVersion = "v1", kind = "ConfigMap", metadata = { name = "made" } }
}
# writes: Refused by --read-only
step "kubernetes_run_job" "kubernetes_run_job" {
  image   = "registry.example.com/tool:1"
  command = ["tool"]
  timeout = "1m"
}
# writes: Refused by --read-only
step "kubernetes_rollout_restart" "kubernetes_restart" {
  resource = "deployment/kept"
  timeout  = "1m"
}
# writes: Refused by --read-only
step "kubernetes_cordon" "kubernetes_cordon" {
  node = var.node
}
# planned: Refused by --read-only
step "kubernetes_drain" "kubernetes_drain" {
  node               = var.node
  ignore_daemon_sets = true
  timeout            = "1m"
}

# What a client refuses: reads by their looks.

# passes: passed
step "http_request" "http_redirected" {
  url = "${var.http_url}/redirect"
}
# passes: passed
step "http_request" "http_redirected_permanently" {
  url = "${var.http_url}/redirect/308"
}
# passes: passed
step "http_request" "http_redirected_to_see_other" {
  url = "${var.http_url}/redirect/303"
}
# stopped: puts another method in the place of GET
step "http_request" "http_method_in_the_providers_headers" {
  provider = provider.http.overriding
  url      = "${var.http_url}/write"
}
# stopped: begins another protocol
step "http_request" "http_websocket" {
  url = "${var.http_url}/exec?command=touch"
  headers = {
    Connection              = "Upgrade"
    Upgrade                 = "websocket"
    "Sec-WebSocket-Version" = "13"
    "Sec-WebSocket-Key"     = "dGhlIHNhbXBsZSBub25jZQ=="
  }
}
# never: is no question
step "prometheus_query" "prometheus_redirected" {
  provider = provider.prometheus.redirecting
  query    = "up"
}
# never: is no question
step "prometheus_query" "prometheus_admin" {
  provider = provider.prometheus.administered
  query    = "up"
}
# never: the answer is not one of Prometheus
step "prometheus_query" "prometheus_path_hidden" {
  provider = provider.prometheus.hidden
  query    = "up"
}
# never: is no question
step "prometheus_alerts" "prometheus_alerts_redirected" {
  provider = provider.prometheus.alerting
}
# never: invalid resource name
step "kubernetes_objects" "kubernetes_exec_by_name" {
  api_version = "v1"
  kind        = "Pod"
  name        = "${var.pod}/exec?command=touch&command=${var.open_dir}/executed"
}
# never: invalid resource name
step "kubernetes_logs" "kubernetes_proxy_by_name" {
  pod = "${var.pod}/proxy/shutdown?"
}
# never: invalid resource name
step "kubernetes_objects" "kubernetes_attach_by_name" {
  api_version = "v1"
  kind        = "Pod"
  name        = "${var.pod}/attach?stdout=true"
}
# never: invalid resource name
step "kubernetes_objects" "kubernetes_port_forward_by_name" {
  api_version = "v1"
  kind        = "Pod"
  name        = "${var.pod}/portforward?ports=80"
}
# never: invalid resource name
step "kubernetes_objects" "kubernetes_proxy_of_a_service_by_name" {
  api_version = "v1"
  kind        = "Service"
  name        = join("/", ["kept", "proxy", "write", var.pod]) # validate refuses one that it can see
}
# never: invalid resource name
step "kubernetes_objects" "kubernetes_escape_by_name" {
  api_version = "v1"
  kind        = "Pod"
  name        = "..%2f..%2fnodes%2f${var.node}"
}
# never: no such kind
step "kubernetes_objects" "kubernetes_exec_by_kind" {
  api_version = "v1"
  kind        = "PodExecOptions"
  name        = var.pod
}
# never: no such kind
step "kubernetes_objects" "kubernetes_eviction_by_kind" {
  api_version = "policy/v1"
  kind        = "Eviction"
  name        = var.pod
}
# never: the server does not allow this method
step "kubernetes_objects" "kubernetes_review_by_kind" {
  api_version = "authorization.k8s.io/v1"
  kind        = "SubjectAccessReview"
}
# never: no pod has a container
step "kubernetes_logs" "kubernetes_exec_in_a_container" {
  pod       = var.pod
  container = "${var.pod}&command=touch"
}

# never: takes one SELECT
step "postgres_query" "postgres_insert" {
  sql = "INSERT INTO ${var.table} VALUES (1)"
}
# never: is declared VOLATILE
step "postgres_query" "postgres_function_that_writes" {
  sql = "SELECT ${var.table}_write()"
}
# never: function set_config is not known to only read
step "postgres_query" "postgres_function_that_leaves_the_transaction" {
  sql = "SELECT set_config('transaction_read_only', 'off', true), ${var.table}_write()"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_terminate" {
  sql  = "SELECT pg_terminate_backend($1)"
  args = [var.backend]
}
# planned: Refused by --read-only
step "postgres_query" "postgres_cancel_in_a_cte" {
  sql  = "WITH x AS (SELECT pg_cancel_backend($1) AS done) SELECT * FROM x"
  args = [var.backend]
}
# planned: Refused by --read-only
step "postgres_query" "postgres_reload" {
  sql = "SELECT pg_reload_conf()"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_slot" {
  sql = "SELECT pg_create_physical_replication_slot('hostile')"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_lock" {
  sql = "SELECT pg_advisory_lock(4711)"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_sequence" {
  sql = "SELECT nextval('${var.table}_seq')"
}
# never: function lo_from_bytea is not known to only read
step "postgres_query" "postgres_large_object" {
  sql = "SELECT lo_from_bytea(0, 'written')"
}
# never: takes one SELECT
step "postgres_query" "postgres_copy_to_program" {
  sql = "COPY (SELECT 1) TO PROGRAM 'touch ${var.open_dir}/program'"
}
# never: takes one SELECT
step "postgres_query" "postgres_copy_to_file" {
  sql = "COPY (SELECT 1) TO '${var.open_dir}/copied'"
}
# never: takes one SELECT
step "postgres_query" "postgres_read_write" {
  sql = "SET TRANSACTION READ WRITE"
}
# never: these are 2 statements
step "postgres_query" "postgres_second_statement" {
  sql = "SELECT 1; INSERT INTO ${var.table} VALUES (1)"
}
# never: these are 2 statements
step "postgres_query" "postgres_commit_and_write" {
  sql = "COMMIT; INSERT INTO ${var.table} VALUES (1)"
}
# never: it holds a statement of the kind DELETE
step "postgres_query" "postgres_cte_that_deletes" {
  sql = "WITH gone AS (DELETE FROM ${var.table} RETURNING *) SELECT * FROM gone"
}
# never: it makes a table (INTO)
step "postgres_query" "postgres_select_into" {
  sql = "SELECT 1 INTO ${var.table}_new"
}
# never: EXPLAIN ANALYZE carries out what it explains
step "postgres_query" "postgres_explain_analyze" {
  sql = "EXPLAIN ANALYZE DELETE FROM ${var.table}"
}
# never: takes one SELECT
step "postgres_query" "postgres_do" {
  sql = "DO $$ BEGIN INSERT INTO ${var.table} VALUES (1); END $$"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_setval" {
  sql = "SELECT setval('${var.table}_seq', 99)"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_drop_slot" {
  sql = "SELECT pg_drop_replication_slot('${var.table}_slot')"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_slot_in_from" {
  sql = "SELECT * FROM pg_drop_replication_slot('${var.table}_slot')"
}
# never: function pg_try_advisory_xact_lock is not known to only read
step "postgres_query" "postgres_lock_if_free" {
  sql = "SELECT pg_try_advisory_xact_lock(4711)"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_import" {
  sql = "SELECT lo_import('/etc/hostname')"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_export" {
  sql = "SELECT lo_export(${var.object}, '${var.open_dir}/exported')"
}
# never: function lo_unlink is not known to only read
step "postgres_query" "postgres_unlink" {
  sql = "SELECT lo_unlink(${var.object})"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_dblink" {
  sql = "SELECT ${var.table}_dblink.dblink_exec('${var.table}', 'DELETE FROM ${var.table}')"
}
# never: function pg_read_file is not known to only read
step "postgres_query" "postgres_server_file" {
  sql = "SELECT pg_read_file('PG_VERSION')"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_statistics" {
  sql = "SELECT pg_stat_reset()"
}
# never: it locks rows
step "postgres_query" "postgres_for_update" {
  sql = "SELECT * FROM ${var.table} FOR UPDATE"
}
# never: it locks rows
step "postgres_query" "postgres_for_share" {
  sql = "SELECT * FROM ${var.table} FOR KEY SHARE"
}
# never: takes one SELECT
step "postgres_query" "postgres_temporary_table" {
  sql = "CREATE TEMP TABLE ${var.table}_new AS SELECT 1"
}
# never: it makes a table (INTO)
step "postgres_query" "postgres_temporary_by_select" {
  sql = "SELECT 1 INTO TEMP ${var.table}_new"
}
# never: takes one SELECT
step "postgres_query" "postgres_prepare" {
  sql = "PREPARE hostile AS DELETE FROM ${var.table}"
}
# never: takes one SELECT
step "postgres_query" "postgres_commit" {
  sql = "COMMIT"
}
# never: takes one SELECT
step "postgres_query" "postgres_listen" {
  sql = "LISTEN hostile"
}
# never: it holds a statement of the kind UPDATE
step "postgres_query" "postgres_cte_that_updates" {
  sql = "WITH x AS (UPDATE ${var.table} SET n = 8 RETURNING n) SELECT n FROM x"
}
# never: EXPLAIN ANALYZE carries out what it explains
step "postgres_query" "postgres_explain_of_create" {
  sql = "EXPLAIN ANALYZE CREATE TABLE ${var.table}_new AS SELECT 1"
}
# never: function query_to_xml is not known to only read
step "postgres_query" "postgres_text_that_is_run" {
  sql = "SELECT query_to_xml('SELECT ${var.table}_write()', true, true, '')"
}
# never: takes one SELECT
step "postgres_query" "postgres_call" {
  sql = "CALL ${var.table}_procedure()"
}
# planned: Refused by --read-only
step "postgres_query" "postgres_said_to_write" {
  effect = "write"
  sql    = "SELECT ${var.table}_write()"
}

# never: the server does not flag it read-only
step "redis_query" "redis_write" {
  command = ["SET", "hostile:new", "written"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_eval" {
  command = ["EVAL", "return redis.call('SET', 'hostile:new', 'written')", "0"]
}
# never: it runs a script
step "redis_query" "redis_eval_ro" {
  command = ["EVAL_RO", "return redis.call('SET', 'hostile:new', 'written')", "0"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_sort_store" {
  command = ["SORT", "hostile:list", "STORE", "hostile:new"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_getex" {
  command = ["GETEX", "hostile:kept", "EX", "1"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_georadius_store" {
  command = ["GEORADIUS", "hostile:geo", "0", "0", "1", "km", "STORE", "hostile:new"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_config_set" {
  command = ["CONFIG", "SET", "slowlog-max-len", "129"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_function" {
  command = ["FUNCTION", "LOAD", "#!lua name=hostile\nredis.register_function('hostile', function() return 1 end)"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_evalsha" {
  command = ["EVALSHA", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_fcall" {
  command = ["FCALL", "hostile_kept", "1", "hostile:new"]
}
# never: it runs a script
step "redis_query" "redis_fcall_ro" {
  command = ["FCALL_RO", "hostile_kept", "1", "hostile:new"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_script" {
  command = ["SCRIPT", "FLUSH"]
}
# never: it may hold up the server
step "redis_query" "redis_sort_ro" {
  command = ["SORT_RO", "hostile:list"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_getdel" {
  command = ["GETDEL", "hostile:kept"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_getset" {
  command = ["GETSET", "hostile:kept", "written"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_copy" {
  command = ["COPY", "hostile:kept", "hostile:new"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_rename" {
  command = ["RENAME", "hostile:kept", "hostile:new"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_migrate" {
  command = ["MIGRATE", "127.0.0.1", "1", "hostile:kept", "0", "1"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_restore" {
  command = ["RESTORE", "hostile:new", "0", "x"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_expire" {
  command = ["EXPIRE", "hostile:kept", "1"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_group" {
  command = ["XREADGROUP", "GROUP", "readers", "me", "STREAMS", "hostile:stream", ">"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_group_made" {
  command = ["XGROUP", "CREATE", "hostile:stream", "more", "$"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_publish" {
  command = ["PUBLISH", "hostile", "written"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_subscribe" {
  command = ["SUBSCRIBE", "hostile"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_monitor" {
  command = ["MONITOR"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_client_kill" {
  command = ["CLIENT", "KILL", "ID", "${var.client}"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_client_pause" {
  command = ["CLIENT", "PAUSE", "1"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_select" {
  command = ["SELECT", "1"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_multi" {
  command = ["MULTI"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_bitfield" {
  command = ["BITFIELD", "hostile:bits", "SET", "u8", "0", "1"]
}
# never: it writes the count that it finds into the key
step "redis_query" "redis_count_that_is_kept" {
  command = ["PFCOUNT", "hostile:count"]
}
# never: it holds up the server
step "redis_query" "redis_keys" {
  command = ["KEYS", "*"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_flush" {
  command = ["FLUSHDB"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_save" {
  command = ["BGSAVE"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_acl" {
  command = ["ACL", "SETUSER", "hostile"]
}
# never: the server does not flag it read-only
step "redis_query" "redis_debug" {
  command = ["DEBUG", "SLEEP", "1"]
}
# never: write its words apart
step "redis_query" "redis_subcommand_in_the_name" {
  command = ["CONFIG SET", "slowlog-max-len", "129"]
}
# passes: passed
step "redis_query" "redis_object_frequency" {
  command = ["OBJECT", "REFCOUNT", "hostile:kept"]
}
