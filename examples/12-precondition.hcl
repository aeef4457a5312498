# A precondition is evaluated right before the action: when it does not hold, the step fails and nothing is done.
# A write asks before it runs, or needs --auto-approve.
runbook "precondition" {}

variable "file" {
  type        = string
  description = "The file to write."
}

step "local_disk" "disk" { path = "/" }

step "local_write_file" "note" {
  path    = var.file
  content = "Checked at ${timestamp()}, ${step.disk.used_percent} % used.\n"
  precondition {
    condition     = step.disk.free_bytes > bytes("1MiB")
    error_message = "There is no room for it."
  }
}
