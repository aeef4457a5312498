# Every secret here fails in some way. None may be seen anywhere.
runbook "secrets" {}

variable "typed" {
  type      = string
  sensitive = true
}
variable "pin" {
  type      = number
  sensitive = true
}
variable "filed" {
  type      = string
  sensitive = true
}

locals {
  env   = secret("env:LEAK_ENV")
  file  = secret("file:${env("LEAK_DIR")}/file")
  key   = secret("file:${env("LEAK_DIR")}/key.pem")
  vault = secret("vault:team/kv/app#password")
  tiny  = secret("file:${env("LEAK_DIR")}/tiny") # too short to be found where it is echoed: its mark alone hides it
  kube  = secret("kubernetes:${env("LEAK_NAMESPACE")}/leak#password")
}

provider "http" {
  base_url     = env("LEAK_SERVER")
  bearer_token = secret("env:LEAK_BEARER")
  headers      = { X-Api-Key = local.vault }
}
provider "http" {
  alias      = "basic"
  base_url   = env("LEAK_SERVER")
  basic_auth = { username = "app", password = secret("env:LEAK_BASIC") }
}
provider "http" {
  alias        = "broken"
  base_url     = env("LEAK_SERVER")
  bearer_token = local.key
}
provider "http" {
  alias    = "secret"
  base_url = secret("env:LEAK_BASE")
}
provider "prometheus" {
  alias = "secret"
  url   = secret("env:LEAK_BASE")
}
provider "prometheus" {
  url          = "${env("LEAK_SERVER")}/prometheus"
  bearer_token = secret("env:LEAK_PROMETHEUS")
}
provider "postgres" {
  url = "postgres://runbook:${urlencode(secret("env:LEAK_POSTGRES"))}@${env("LAB_DATABASE_ADDRESS")}/postgres"
}
provider "postgres" {
  alias = "good"
  url   = secret("env:DATABASE_URL")
}
provider "redis" {
  url = "redis://:${urlencode(secret("env:LEAK_REDIS"))}@${env("LAB_REDIS_ADDR")}/0"
}
provider "redis" {
  alias = "good"
  url   = secret("env:REDIS_URL")
}

step "postgres_ping" "wrong_password" {
  retry { attempts = 2 }
}
step "postgres_query" "quoted_by_the_server" {
  provider = provider.postgres.good
  sql      = "SELECT $1::text::int"
  args     = [local.env]
}
step "postgres_query" "given_back" {
  provider = provider.postgres.good
  sql      = "SELECT $1::text AS plain, encode(convert_to($1::text, 'UTF8'), 'base64') AS b64, encode(convert_to($1::text, 'UTF8'), 'hex') AS hex"
  args     = [local.file]
  assert { condition = self.rows[0].plain == "another" }
  show = self.rows
}
step "redis_ping" "wrong_password_of_redis" {}
step "redis_query" "quoted" {
  provider = provider.redis.good
  command  = ["GET", local.vault]
  assert {
    condition     = self.value == local.env
    error_message = "It is ${self.value == null ? local.env : "x"}."
  }
}
step "redis_query" "name_of_a_command" {
  provider = provider.redis.good
  command  = [local.vault, "a"]
}
step "redis_command" "name_of_a_write" {
  provider = provider.redis.good
  command  = [local.vault, "a"]
}
step "kubernetes_objects" "no_such_name" {
  api_version = "v1"
  kind        = "Secret"
  namespace   = env("LEAK_NAMESPACE")
  name        = "leak"
  assert { condition = self.objects[0].data.password == local.kube }
}
step "kubernetes_pods" "bad_selector" {
  namespace      = env("LEAK_NAMESPACE")
  label_selector = "a=(${local.kube}"
}
step "prometheus_query" "refused" { query = "up" }

step "http_request" "echo" {
  for_each = toset(["401", "plain", "base64", "base64url", "json", "twice", "thrice", "chunks", "hex", "html", "url", "header", "redirect", "cut", "garbage"])
  method   = "POST"
  url      = "/${each.key}"
  query    = { token = local.file }
  body     = "a body with ${local.env}, ${local.vault}, ${var.typed}, ${var.filed}, ${var.pin}"
  assert { condition = self.json.nothing == local.kube }
  assert { condition = self.json.sent == "another" }
  show = self.body
}
# A bound cuts through a secret that was given back, at each of its characters.
step "http_request" "bounded_body" {
  for_each       = toset([for n in range(12, 24) : tostring(n)])
  method         = "POST"
  url            = "/body"
  body           = "${local.vault} ${base64encode(local.vault)}"
  max_body_bytes = tonumber(each.key)
  show           = self.body
  assert { condition = self.body == "another" }
}
step "redis_query" "bounded" {
  provider  = provider.redis.good
  command   = ["ECHO", local.vault]
  max_bytes = 15
  show      = self.value
}
step "local_command" "bounded_output" {
  for_each         = toset(["lines", "text"])
  effect           = "read"
  command          = ["sh", "-c", "printf '%s' \"$TOKEN\"; printf '%s' \"$TOKEN\" >&2"]
  env              = { TOKEN = local.vault }
  format           = each.key
  max_output_bytes = 15
  show             = [self.stdout, self.stderr, self.lines]
}
step "local_search" "bounded_line" {
  files   = "${env("LEAK_DIR")}/long"
  pattern = "x"
  show    = self.matches
}

step "http_request" "basic" {
  provider = provider.http.basic
  url      = "/base64"
  method   = "POST"
  json     = { a = local.kube, b = [local.key] }
}
step "http_request" "form" {
  url             = "/plain"
  method          = "POST"
  form            = { a = local.env, b = local.kube }
  expected_status = [418]
}
step "http_request" "no_header" {
  provider = provider.http.broken
  url      = "/plain"
}
step "http_request" "bad_header" {
  url     = "/plain"
  headers = { X-Key = "${local.env}\n${local.key}" }
}
step "http_request" "nowhere" {
  url    = "http://127.0.0.1:1/${urlencode(local.file)}"
  method = "POST"
}

# Where something is, is secret: those who can't get there tell parts of it.
step "http_request" "hook" {
  for_each = toset(["LEAK_HOOK", "LEAK_HOOK_DNS"])
  method   = "POST"
  url      = secret("env:${each.key}")
}
step "http_request" "below_a_secret" {
  provider = provider.http.secret
  url      = "/below"
}
step "prometheus_query" "below_one_too" {
  provider = provider.prometheus.secret
  query    = "up"
}
step "http_request" "torn" { url = "http://${secret("env:LEAK_TORN")}.invalid/" }
step "local_files" "torn_too" { pattern = "/nowhere/${secret("env:LEAK_TORN")}/x" }
step "local_files" "pattern" { pattern = secret("env:LEAK_PATTERN") }
step "local_search" "pattern_too" {
  files   = secret("env:LEAK_PATTERN")
  pattern = "x"
}
step "local_search" "pattern_apart" {
  files   = secret("env:LEAK_PATTERN_APART")
  pattern = "x"
}
step "local_search" "no_pattern" {
  files   = secret("env:LEAK_FILE")
  pattern = "x"
}
step "local_files" "no_pattern_too" { pattern = secret("env:LEAK_FILE") }
step "local_write_file" "no_folder" {
  path    = secret("env:LEAK_FILE")
  content = "x"
}
step "kubernetes_rollout_status" "resource" {
  namespace = env("LEAK_NAMESPACE")
  resource  = secret("env:LEAK_RESOURCE")
}
step "kubernetes_rollout_history" "resource_too" {
  namespace = env("LEAK_NAMESPACE")
  resource  = secret("env:LEAK_RESOURCE")
}
step "kubernetes_rollout_status" "no_resource" {
  namespace = env("LEAK_NAMESPACE")
  resource  = secret("env:LEAK_NO_RESOURCE")
}
step "kubernetes_logs" "no_resource_too" {
  namespace = env("LEAK_NAMESPACE")
  resource  = secret("env:LEAK_NO_RESOURCE")
}
step "kubernetes_objects" "no_name" {
  api_version = "v1"
  kind        = "Pod"
  namespace   = env("LEAK_NAMESPACE")
  name        = secret("env:LEAK_NAME")
}
step "tls_certificate" "address" { address = secret("env:LEAK_ADDRESS") }

step "local_command" "prints" {
  effect  = "read"
  command = ["sh", "-c", <<-EOT
    env; cat; cat /proc/$$/cmdline /proc/$PPID/cmdline >> "$LEAK_SAMPLES/cmdline"
    printf '%s' "$TOKEN" | base64; printf 'user:%s' "$TOKEN" | base64; printf '%s' "$TOKEN" | od -An -tx1 | tr -d ' \n'; echo
    base64 < "$LEAK_DIR/key.pem"; base64 -w 64 < "$LEAK_DIR/key.pem"; printf '%s' "$TOKEN" | tr a-z A-Z; echo
    printf '%s' "$TOKEN" | od -An -tx1 | tr -d ' \n' | tr a-f A-F; echo
    printf '%s' "$PGPASSWORD" | jq -Rsa .; printf '%s' "$PGPASSWORD" | jq -Rsa . | jq -Rsa .; printf '%s' "$PGPASSWORD" | jq -Rsr @uri | tr A-F a-f
    printf '%s' "$TOKEN" | sed "s/'/'\\\\''/g"; echo
    echo "error: $TOKEN" >&2; printf '%s' "$${TOKEN%????}" >&2; printf '%s\n' "$${TOKEN#"$${TOKEN%????}"}" >&2
    for f in "$LEAK_STORE"*; do cp "$f" "$LEAK_SAMPLES/live-$(basename "$f")"; done
    exit 3
  EOT
  ]
  env   = { TOKEN = local.vault, PGPASSWORD = local.env }
  stdin = "${local.key}${local.file}"
}
step "local_command" "json" {
  effect  = "read"
  command = ["sh", "-c", "printf '{\"a\": %s' \"$TOKEN\""]
  format  = "json"
  env     = { TOKEN = local.kube }
}
step "local_command" "no_program" {
  effect  = "read"
  command = ["/nowhere/program"]
  env     = { TOKEN = local.kube }
  dir     = "/${local.env}"
}

check "expressions" {
  assert {
    condition     = var.typed == "another" && local.env == "x" || contains([local.file], local.vault)
    error_message = "typed is ${var.typed}, ${base64encode(local.env)}, ${upper(local.file)}, ${jsonencode({ a = local.key })}"
  }
  assert { condition = jsondecode("{\"${local.env}") == 1 }
  assert { condition = regex(local.file, "a") == "a" }
  assert { condition = tonumber(local.vault) > 1 }
  assert { condition = length({ for x in [local.kube, local.kube] : x => 1 }) == 1 }
  assert { condition = { a = 1 }[local.env] == 1 }
  assert { condition = templatefile("${env("LEAK_DIR")}/t.tmpl", { a = local.env }) == "" }
  assert { condition = jq({ a = local.vault }, ".a | tonumber") == 1 }
  assert { condition = parseint(var.typed, 10) == 1 }
  assert { condition = file("/nowhere/${local.file}") == "" }
  assert { condition = can(secret("file:/nowhere/${local.file}")) }
  assert { condition = alltrue([for s in [local.env, local.file] : s == "x"]) }
  threshold "pin" {
    value  = var.pin
    expect = value < 3
  }
  assert {
    condition     = local.tiny == "x"
    error_message = "It is ${local.tiny}, and has ${length(local.tiny)} characters; in base64 ${base64encode(local.tiny)}."
  }
  remedy { text = "Use ${local.env} instead of ${var.pin}." }
}
check "keys" {
  for_each = toset([local.env])
}
check "can" {
  when = local.file != ""
  assert { condition = can(tonumber(local.file)) }
}
step "http_request" "precondition" {
  url = "/plain"
  precondition {
    condition     = local.env == "x"
    error_message = "It is ${local.env}."
  }
}
step "http_request" "poll" {
  url = "/plain"
  poll {
    until    = self.body == local.env
    interval = "10ms"
    timeout  = "50ms"
  }
}

output "env" { value = local.env }
output "tiny" { value = { it = local.tiny, upper = upper("${local.tiny}!"), list = [local.tiny] } }
output "cut" { value = [step.bounded.value, [for s in values(step.bounded_body) : s.body], step.bounded_output["text"].stdout] }
output "made" { value = { (local.kube) = [base64encode(local.file), "${var.typed}!", var.pin] } }
output "bad" { value = jsondecode(local.key) }
