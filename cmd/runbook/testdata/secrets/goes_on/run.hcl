# A run that is approved, answered, resumed and undone, with secrets in all of that. None may be seen anywhere.
runbook "goes-on" { on_failure = "stop" }

variable "typed" {
  type      = string
  sensitive = true
}
variable "pin" {
  type      = number
  sensitive = true
}

locals {
  env   = secret("env:LEAK_ENV")
  vault = secret("vault:team/kv/app#password")
  ns    = env("LEAK_NAMESPACE")
}

provider "kubernetes" { kubeconfig = env("KUBECONFIG") }
provider "http" { base_url = env("LEAK_SERVER") }
provider "redis" { url = secret("env:REDIS_URL") }

step "http_request" "echoed" {
  url   = "/plain"
  query = { token = secret("env:LEAK_ONCE") }
}
step "runbook" "child" {
  source    = "./child.hcl"
  variables = { token = local.vault }
}

step "kubernetes_set_env" "env" {
  resource   = "deployment/leak"
  namespace  = local.ns
  env        = { PASSWORD = local.env, LEVEL = "debug" }
  depends_on = [step.echoed, step.child]
  approval { prompt = "Set ${local.env}, which is ${upper(local.env)} or ${step.echoed.body}?" }
  undo "kubernetes_set_env" {
    resource  = "deployment/leak"
    namespace = local.ns
    env       = self.before
  }
}
step "kubernetes_patch" "patch" {
  resource   = "deployment/leak"
  namespace  = local.ns
  patch      = { metadata = { annotations = { token = var.typed, b64 = base64encode(var.typed) } } }
  depends_on = [step.env]
  approval {}
  undo "kubernetes_patch" {
    resource  = "deployment/${substr(local.env, 0, 1) == "?" ? "leak" : "nosuch"}"
    namespace = local.ns
    type      = "merge"
    patch     = { metadata = { annotations = { token = "not ${var.typed}", undo = jsonencode(self.undo) } } }
  }
}
step "kubernetes_apply" "secret" {
  manifest = {
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "applied", namespace = local.ns, annotations = { token = var.typed } }
    stringData = { password = local.vault, pin = tostring(var.pin) }
  }
  depends_on = [step.patch]
  approval {}
  undo "kubernetes_delete" {
    api_version = "v1"
    kind        = "Secret"
    namespace   = local.ns
    name        = "applied"
  }
}
step "kubernetes_apply" "map" {
  manifest = <<-EOT
    apiVersion: v1
    kind: ConfigMap
    metadata: { name: applied, namespace: ${local.ns} }
    data: { pin: "${var.pin}" }
  EOT
  depends_on = [step.secret]
  approval {}
}
step "local_write_file" "file" {
  path       = "${env("LEAK_DIR")}/written"
  content    = "${var.pin}"
  depends_on = [step.map]
  approval {}
  undo "local_restore_file" {
    path   = self.path
    before = self.before
    after  = self.after
  }
}
step "redis_command" "key" {
  command    = ["SET", "test-leak:key", local.env]
  depends_on = [step.file]
  approval {}
  undo "redis_command" { command = ["DEL", "test-leak:key"] }
}
step "manual_input" "said" {
  prompt     = "Is ${local.vault} still right, and ${var.pin}?"
  default    = local.vault
  depends_on = [step.key]
}
step "manual_input" "told" {
  prompt     = "What may nobody see?"
  pattern    = ".*&run"
  sensitive  = true
  depends_on = [step.said]
}
step "local_command" "prints" {
  effect  = "read"
  command = ["sh", "-c", "printf '%s' \"$TOLD\"; printf '%s' \"$TOLD\" | base64 >&2; exit 0"]
  env     = { TOLD = step.told.value }
  show    = self.stdout
}
step "manual_confirm" "again" {
  prompt     = "Was it ${step.said.value}, ${step.told.value}, ${step.child.outputs.token}, ${step.child.outputs.made}?"
  depends_on = [step.prints]
}

check "kept" {
  depends_on = [step.again]
  assert {
    condition     = step.child.outputs.token == local.vault
    error_message = "kept: it is ${step.child.outputs.token}."
  }
  assert {
    condition     = step.said.value == nonsensitive(local.vault)
    error_message = "said: it is ${step.said.value}."
  }
  assert {
    condition     = step.prints.stdout == step.told.value && length(step.told.value) == 26
    error_message = "kept: it is ${step.prints.stdout}."
  }
  assert {
    condition = step.echoed.body == "x" || step.env.before.PASSWORD == "y" || step.file.after.sha256 == "z"
    severity  = "warn"
  }
}
step "http_request" "lost" {
  url        = "/cut"
  method     = "POST"
  body       = "${local.env} ${var.pin}"
  depends_on = [step.kept]
}

output "echoed" { value = step.echoed.body }
output "child" { value = step.child.outputs }
output "told" { value = { it = step.told, printed = step.prints.stdout } }
output "before" { value = step.env.before }
