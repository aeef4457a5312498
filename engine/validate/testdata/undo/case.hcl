runbook "case" {}

provider "cluster" {
  alias = "eu"
  url   = "https://eu.example.com"
}

step "demo_list" "before" {}

step "cluster_restart" "right" {
  provider = provider.cluster.eu
  for_each = toset(["a"])
  undo "cluster_restart" { provider = provider.cluster.eu }
}

step "demo_command" "self" {
  undo "demo_request" {
    url    = "https://example.com/${self.code}/${step.before.count}"
    method = "POST"
  }
}

step "demo_command" "wrong" {
  undo "demo_request" {
    url  = "https://example.com/${self.cod}"
    body = each.key
    form = step.befor.count
  }
}

step "demo_command" "missing" {
  undo "demo_request" {}
}

step "demo_command" "no_target" {
  undo "cluster_restart" {}
}

step "demo_command" "loop" {
  undo "demo_request" { url = "https://example.com/${step.loop.code}" }
}

step "demo_list" "of_a_read" {
  undo "demo_command" {}
}

step "demo_program" "has_none" {
  command = ["quiet"]
  undo "demo_request" {
    url    = "https://example.com/${self.code}/${self.attempts}"
    method = "POST"
  }
}

step "demo_program" "may_have_one" {
  command = [env("PROGRAM")]
  undo "demo_request" {
    url    = "https://example.com/${self.code}"
    method = "POST"
  }
}
