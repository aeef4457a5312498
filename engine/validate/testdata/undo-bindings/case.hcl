runbook "case" {}

provider "cluster" {
  for_each = toset(["eu", "us"])
  url      = "https://${each.key}.example.com"
}

step "cluster_restart" "keyed" {
  for_each = toset(["eu", "us"])
  provider = provider.cluster[each.key]
  undo "cluster_restart" {}
}

step "cluster_list" "one" {
  provider = provider.cluster["eu"]
  undo "cluster_restart" {}
}

step "cluster_restart" "wrong_key" {
  provider = provider.cluster["asia"]
  undo "cluster_restart" {}
}

step "cluster_restart" "wrong_alias" {
  provider = provider.cluster.eu
  undo "cluster_restart" {}
}

step "demo_command" "of_another" {
  undo "cluster_restart" {}
}

step "demo_command" "no_block" {
  undo "demo_command" { provider = provider.demo }
}
