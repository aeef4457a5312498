runbook "case" {}

provider "cluster" {
  alias = "eu"
  url   = "https://example.com"
}

step "cluster_restart" "everywhere" {}

step "cluster_restart" "eu" {
  provider = provider.cluster.eu
}

step "cluster_list" "read" {}

step "cluster_list" "keyed" {
  provider = provider.cluster["eu"]
}
