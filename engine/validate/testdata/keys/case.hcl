runbook "case" {}

provider "cluster" {
  for_each = { eu = "https://eu.example.com", us = "https://us.example.com" }
  url      = each.value
}

step "cluster_list" "all" {
  for_each = toset(["eu", "asia"])
  provider = provider.cluster[each.key]
}

step "cluster_list" "fits" {
  for_each = { eu = 1 }
  provider = provider.cluster[each.key]
}
