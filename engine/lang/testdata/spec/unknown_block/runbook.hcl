runbook "r" {}
stepp "web_request" "a" { url = "http://a" }
tasks {}
