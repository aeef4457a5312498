runbook "child" {}
step "demo_list" "q" {}
