# Every read of the kubernetes provider on the lab's cluster: production is well, staging is broken on purpose.
# Two configurations: the admin of the current context, and a viewer who may see pods in staging and nothing else.
runbook "lab-kubernetes" {}

provider "kubernetes" {
  namespace = "production"
}

provider "kubernetes" {
  alias   = "viewer"
  context = "viewer"
}

step "kubernetes_cluster" "cluster" {
  assert { condition = self.live && self.ready }
}

step "kubernetes_nodes" "nodes" {
  assert { condition = alltrue(self.nodes[*].ready) && self.count >= 3 }
}

step "kubernetes_pods" "pods" {
  label_selector = "app=intelligent-agent"
  assert { condition = self.count > 0 && self.ready_count == self.count }
  assert { condition = alltrue([for p in self.pods : p.run_as_non_root]) }
}

step "kubernetes_deployments" "deployments" {
  assert { condition = alltrue(self.deployments[*].complete) }
}

step "kubernetes_rollout_status" "rollouts" {
  for_each = toset(step.deployments.deployments[*].name)
  resource = "deployment/${each.key}"
  assert { condition = self.complete }
}

step "kubernetes_rollout_history" "history" {
  resource = "deployment/intelligent-agent-backend"
  assert { condition = self.count >= 1 }
}

step "kubernetes_jobs" "jobs" {
  assert { condition = length(self.failed) == 0 }
}

step "kubernetes_events" "events" {
  limit = 10
  show  = [for e in self.events : "${e.reason} ${e.object}"]
}

step "kubernetes_logs" "logs" {
  resource   = "deployment/intelligent-agent-backend"
  tail_lines = 20
  match      = "status=[45][0-9][0-9]"
  assert { condition = self.match_count == 0 }
}

step "kubernetes_top_nodes" "top_nodes" {
  threshold "CPU" {
    value  = self.cpu_percent
    unit   = "%"
    expect = value < 90
  }
}

step "kubernetes_top_pods" "top_pods" {
  assert { condition = length(self.items) > 0 }
}

step "kubernetes_objects" "services" {
  api_version = "v1"
  kind        = "Service"
  fields      = { name = "{.metadata.name}", ports = "{.spec.ports[*].port}" }
  assert { condition = self.count >= 2 }
}

step "kubernetes_can_i" "may_delete" {
  provider  = provider.kubernetes.viewer
  verb      = "delete"
  resource  = "pods"
  namespace = "staging"
  assert { condition = !self.allowed }
}

step "kubernetes_pods" "broken" {
  provider  = provider.kubernetes.viewer
  namespace = "staging"
  assert {
    severity      = "warn"
    condition     = length(self.not_ready) == 0
    error_message = "Not ready: ${join(", ", self.not_ready)}."
  }
}
