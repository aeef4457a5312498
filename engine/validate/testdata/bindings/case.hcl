runbook "case" {}

provider "cluster" {
  for_each = toset(["eu", "us"])
  url      = "https://${each.key}.example.com"
}

provider "cluster" {
  alias = "test"
  url   = "not a url ://"
}

provider "cluster" {
  alias = "empty"
}

provider "cluster" {
  alias = "wrong"
  url   = ["a"]
}

step "cluster_list" "default" {}

step "cluster_restart" "write" {
  provider = provider.cluster.tset
}

step "cluster_list" "other" {
  provider = provider.demo
}

step "cluster_list" "keyed" {
  for_each = toset(["eu", "us"])
  provider = provider.cluster[each.key]
}

step "cluster_list" "no_for_each" {
  provider = provider.cluster[each.key]
}

step "cluster_list" "no_key" {
  provider = provider.cluster
}

step "cluster_list" "bad_key" {
  provider = provider.cluster["asia"]
}

step "cluster_list" "list_key" {
  provider = provider.cluster[[1]]
}

step "demo_ping" "none" {
  provider = provider.demo
}

step "demo_ping" "alias" {
  provider = provider.demo.eu
}

step "demo_ping" "key" {
  provider = provider.demo["eu"]
}
