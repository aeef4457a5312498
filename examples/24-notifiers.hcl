# While nobody answers, a chat is told at once, and the on-call engineer is called after ten minutes.
# Escalations often stand in the workspace. Messages to the address of their own provider block need no yes beforehand.
runbook "notifiers" {}

variable "chat" { description = "Where the chat takes messages." }

provider "http" {
  alias        = "chat"
  base_url     = var.chat
  bearer_token = secret("env:CHAT_TOKEN")
}

contact "anna" {
  name  = "Anna"
  slack = "@anna"
}

escalation "oncall" {
  level {
    contact = "#operations"
    notify "http_request" {
      provider = provider.http.chat
      method   = "POST"
      url      = "/messages"
      json     = { channel = self.contact.name, text = "${self.prompt} Answer with: runbook answer ${run.id} ${self.step}" }
    }
  }
  level {
    contact = contact.anna
    after   = "10m"
    brief   = "A release waits for a yes."
    notify "http_request" {
      provider = provider.http.chat
      method   = "POST"
      url      = "/messages"
      json     = { channel = self.contact.slack, text = "${self.brief} ${self.prompt}" }
      timeout  = "10s"
      retry { attempts = 5 }
    }
  }
}

step "manual_confirm" "calm" {
  prompt     = "Is it calm?"
  timeout    = "1h"
  escalation = escalation.oncall
}
