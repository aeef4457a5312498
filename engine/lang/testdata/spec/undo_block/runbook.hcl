runbook "r" {}
step "db_exec" "a" {
  sql     = "UPDATE t SET a = 1"
  timeout = "1m"
  undo "db_exec" {
    on       = "end"
    provider = provider.db.eu
    timeout  = "2m"
    sql      = "UPDATE t SET a = ${self.count}"
    retry { attempts = 5 }
  }
}
step "web_request" "b" {
  url = "http://a"
  undo "web_request" { url = "http://b" }
}
step "web_request" "wrong" {
  url = "http://a"
  undo "web_requst" {
    on     = "success"
    poll {}
  }
  undo "web_request" { url = "http://b" }
}
step "web_request" "more" {
  url = "http://a"
  undo "db_exec" {
    sqll       = "DELETE"
    depends_on = [step.a]
  }
}
step "web_request" "asks" {
  url = "http://a"
  undo "ask_confirm" { prompt = "Did you?" }
}
step "web_request" "runs" {
  url = "http://a"
  undo "runbook" { source = "./other.hcl" }
}
step "web_request" "bare" {
  url = "http://a"
  undo {}
}
