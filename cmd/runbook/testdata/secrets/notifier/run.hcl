runbook "notifier" {}

provider "http" {
  alias        = "bearer"
  base_url     = env("LEAK_SERVER")
  bearer_token = secret("env:LEAK_BEARER")
  headers      = { "X-Api-Key" = secret("env:LEAK_ENV") }
}

provider "http" {
  alias      = "basic"
  base_url   = env("LEAK_SERVER")
  basic_auth = { username = "pager", password = secret("env:LEAK_BASIC") }
}

escalation "oncall" {
  level {
    contact = "plain"
    notify "http_request" {
      provider = provider.http.bearer
      method   = "POST"
      url      = "/base64"
      query    = { token = secret("vault:team/kv/db#password") }
    }
  }
  level {
    contact = "refused"
    notify "http_request" {
      provider = provider.http.basic
      method   = "POST"
      url      = "/401"
    }
  }
  level {
    contact = "cut"
    notify "http_request" {
      provider = provider.http.bearer
      method   = "POST"
      url      = "/cut"
      body     = secret("env:LEAK_ENV")
    }
  }
  level {
    contact = "nobody"
    notify "local_command" {
      command = ["sh", "-c", "echo $PAGE >&2; exit 3"]
      env     = { PAGE = secret("env:LEAK_BASIC") }
      timeout = "10s"
    }
  }
  level {
    contact = "hook"
    notify "http_request" {
      method = "POST"
      url    = secret("env:LEAK_HOOK")
    }
  }
}

step "manual_confirm" "calm" {
  prompt     = "Is it calm?"
  escalation = escalation.oncall
}
