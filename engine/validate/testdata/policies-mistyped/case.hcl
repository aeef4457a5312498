runbook "case" {}

step "demo_list" "reads" {}

step "demo_command" "writes" {}

step "demo_program" "rm" { command = ["rm"] }
