runbook "case" {}

variable "program" {}

provider "cluster" {
  url = "https://example.com"
}

step "demo_list" "fine" {}

step "cluster_list" "other_provider" {}

step "demo_request" "destroys" {
  url    = "https://example.com"
  method = "DELETE"
}

step "demo_command" "unapproved" {}

step "demo_command" "approved" {
  approval {}
  undo "demo_command" {}
}

step "demo_command" "harmless" {
  effect = "read"
  undo "demo_request" {
    url    = "https://example.com"
    method = "DELETE"
  }
}

step "demo_program" "rsync" {
  command = ["rsync", var.program]
  approval {}
}

step "demo_program" "rm" {
  command = ["rm", var.program]
  approval {}
}

step "demo_program" "computed" {
  command = [var.program]
  approval {}
}

step "demo_confirm" "ask" { prompt = "Go?" }

step "runbook" "sub" { source = "./child.hcl" }
