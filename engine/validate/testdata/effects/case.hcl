runbook "case" {}

variable "method" {}

step "demo_request" "lowered" {
  url    = "https://example.com"
  method = "POST"
  effect = "read"
}

step "demo_request" "raised" {
  url    = "https://example.com"
  effect = "destructive"
}

step "demo_request" "unknown" {
  url    = "https://example.com"
  method = var.method
  effect = "read"
  poll {
    until = self.code == 200
  }
}

step "demo_command" "stated" {
  effect = "read"
  poll {
    until = self.code == 0
  }
}

step "demo_command" "unstated" {
  poll {
    until = self.code == 0
  }
}

step "demo_request" "polled" {
  url    = "https://example.com"
  method = "DELETE"
  poll {
    until = self.code
  }
}

step "demo_ping" "retried" {
  retry {
    writes = true
  }
}
