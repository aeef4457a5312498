runbook "case" {}

step "cluster_list" "list" {
  namespace = var.regoin
  query     = local.fine
}
