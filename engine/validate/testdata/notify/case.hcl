runbook "case" {}

variable "team" { type = string }
locals {
  text   = "${var.team}: ${step.ping.code}"
  simple = upper(var.team)
}

provider "cluster" {
  alias = "eu"
  url   = "https://eu.example.com"
}

contact "ann" { phone = "1" }

escalation "page" {
  level {
    contact = contact.ann
    notify "demo_request" {
      url    = "https://pager.example.com/${self.contact.phone}/${self.number}"
      method = "POST"
      body   = "${self.brief} ${self.step} ${self.prompt} ${self.for} ${self.asked_at} ${self.deadline} ${run.id} ${local.simple} ${runbook.name}"
      retry { writes = true }
    }
  }
  level {
    contact = "bob"
    notify "cluster_tell" {
      name     = self.contact.nme
      provider = provider.cluster.eu
      timeout  = "5s"
    }
  }
  level {
    contact = "cleo"
    notify "cluster_tell" { name = self.code }
  }
  level {
    contact = "dan"
    notify "demo_request" {
      url    = "https://pager.example.com"
      method = "DELETE"
    }
  }
  level {
    contact = "eve"
    notify "demo_request" {
      body = step.ping.code
      form = local.text
    }
  }
  level {
    contact = "finn"
    notify "demo_request" { url = each.key }
  }
}

step "demo_ping" "ping" {
  assert { condition = self.code == self.number }
}
