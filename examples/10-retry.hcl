# retry repeats a step after an error (nobody listens, a timeout), never after a check that does not hold.
# This one gives up after three attempts; the wait between them grows, with some chance in it.
runbook "retry" {}

variable "url" {
  type        = string
  description = "A URL that may not answer at once."
}

step "http_request" "answer" {
  url     = var.url
  timeout = "2s"
  retry {
    attempts  = 3
    delay     = "100ms"
    max_delay = "1s"
  }
}

output "attempts" { value = step.answer.attempts }
