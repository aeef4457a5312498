# A step says how it is taken back: here at the end of the run, whatever happened.
# Without on = "end", an undo runs when a later step fails in a run with on_failure = "stop".
runbook "undo" {}

variable "dir" {}

step "local_write_file" "maintenance" {
  path    = "${var.dir}/maintenance"
  content = "Back in a minute."
  undo "local_restore_file" {
    on     = "end"
    path   = self.path
    before = self.before
  }
}

step "local_files" "seen" {
  depends_on = [step.maintenance]
  pattern    = "${var.dir}/*"
  assert { condition = self.count == 1 }
}
