runbook "case" {}

variable "namespace" { type = string }

provider "cluster" {
  url = "https://example.com"
}

provider "cluster" {
  alias = "eu"
  url   = "https://eu.example.com"
}

step "cluster_scale" "says_nothing" {
  undo "cluster_scale" {}
}

step "cluster_scale" "nothing_by_null" {
  namespace = null
  undo "cluster_scale" {}
}

step "cluster_scale" "says_it" {
  namespace = var.namespace
  undo "cluster_scale" { namespace = "self.namespace" }
}

step "cluster_scale" "left_out" {
  namespace = "web-${var.namespace}"
  undo "cluster_scale" {}
}

step "cluster_scale" "null" {
  provider  = provider.cluster.eu
  namespace = "web"
  folder    = "a"
  undo "cluster_scale" {
    namespace = null
  }
}

step "cluster_scale" "of_its_own" {
  namespace = "web"
  undo "cluster_scale" { provider = provider.cluster.eu }
}

step "cluster_scale" "same_words" {
  provider  = provider.cluster.eu
  namespace = "web"
  undo "cluster_scale" { provider = provider.cluster.eu }
}

step "cluster_scale" "no_such_argument" {
  namespace = "web"
  undo "cluster_restart" {}
}

step "cluster_scale" "what_was_there" {
  namespace = "web"
  undo "cluster_put" { what = [self.code] }
}

step "cluster_scale" "something_else" {
  namespace = "web"
  undo "cluster_put" { what = "something" }
}
