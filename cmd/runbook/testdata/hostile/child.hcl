# Run by the step runbook_that_writes of hostile.hcl.
runbook "child" {}

variable "dir" { type = string }

step "local_write_file" "file" {
  path    = "${var.dir}/by-child"
  content = "written"
}
