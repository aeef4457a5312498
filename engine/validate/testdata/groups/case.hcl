runbook "case" {}

step "demo_request" "missing" {}

step "demo_request" "null" {
  url = null
}

step "demo_request" "two" {
  url  = "https://example.com"
  body = "a"
  form = "b"
}

step "demo_request" "one" {
  url  = "https://example.com"
  body = "a"
  form = null
}

step "demo_certificate" "neither" {
  url = "https://example.com"
}

step "demo_certificate" "both" {
  url  = "ftp://example.com"
  file = "a"
  pem  = "b"
}

step "demo_certificate" "blank" {
  url  = "https://example.com"
  file = " "
}
