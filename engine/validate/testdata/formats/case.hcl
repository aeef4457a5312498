runbook "case" {}

step "demo_list" "plain" {
  query = "abcx"
}

step "demo_list" "escapes" {
  query = "\"\t\\ $${é} x"
}

step "demo_list" "unicode" {
  query = "\u00e9 x"
}

step "demo_list" "heredoc" {
  query = <<EOT
first
second x
EOT
}

step "demo_list" "indented" {
  query = <<-EOT
    first
      second x
  EOT
}

locals {
  query   = "aax"
  queries = ["a", local.query]
}

step "demo_list" "elsewhere" {
  query   = local.query
  queries = local.queries
}

step "demo_list" "lists" {
  queries = ["a", "b${1}x", upper("x"), local.query]
}

step "demo_list" "unknown" {
  query = "x${timestamp()}"
}

step "demo_request" "url" {
  url = join("", ["ftp://", "example.com"])
}

step "demo_list" "numbers" {
  limit = -3
}

step "demo_list" "texts_for_numbers" {
  limit = "1.5"
}

step "demo_list" "keys" {
  words = {
    fine  = "x"
    "box" = "a"
  }
}
