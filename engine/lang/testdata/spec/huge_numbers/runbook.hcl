runbook "test" {
  description = "the build 12e3456789 is no number"
  title       = "${1e600000000}"
}
