runbook "case" {}

variable "shell" { type = bool }

step "demo_program" "empty" {
  command = []
}

step "demo_program" "two" {
  command = ["echo", "a"]
  shell   = true

  undo "demo_program" {
    command = []
    shell   = true
  }
}

step "demo_program" "may_be" {
  command = ["echo", "a"]
  shell   = var.shell
}

step "demo_program" "nowhere" {
  command = ["echo"]
  image   = " "
}
