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

provider "cluster" {
  alias = "anywhere"
  url   = "https://anywhere.example.com"
}

variable "url" { type = string }

provider "cluster" {
  alias = "somewhere"
  url   = var.url
}

step "cluster_restart" "anywhere" {
  provider = provider.cluster.anywhere
  undo "cluster_restart" {}
}

step "cluster_list" "read_anywhere" {
  provider = provider.cluster.anywhere
  undo "cluster_restart" {}
}

step "cluster_list" "undone_anywhere" {
  provider = provider.cluster.eu
  undo "cluster_restart" { provider = provider.cluster.anywhere }
}

step "cluster_restart" "somewhere" {
  provider = provider.cluster.somewhere
}

contact "oncall" {}

escalation "nobody" {
  level {
    contact = contact.oncall
    notify "cluster_tell" {
      provider = provider.cluster.anywhere
      name     = "x"
    }
  }
}

provider "store" {
  name = "s"
}

provider "store" {
  alias   = "empty"
  servers = []
}

provider "store" {
  alias    = "each"
  servers  = [var.url]
}

step "store_get" "get" {}

step "store_set" "set" { name = "x" }
