runbook "r" {}
step "web_request" "a" {
  url = "http://a"
  retry {
    attempts  = 5
    delay     = "0s"
    max_delay = "1m"
    backoff   = "constant"
    writes    = true
  }
  poll {
    until    = self.count == 0
    interval = "1s"
    timeout  = "1h"
    hold     = "30s"
  }
}
step "web_request" "b" {
  url = "http://a"
  retry {
    attempts = 1.5
    delay    = "-1s"
    backoff  = "linear"
  }
  retry {}
  poll {
    interval = "0s"
    timeout  = "1m"
    hold     = "2m"
  }
}
