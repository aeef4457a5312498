# An HTTP check: a status of 400 or above fails by itself; the body is decoded when it is JSON.
# A remedy says what to do, and is shown only when the step does not pass.
runbook "http-check" {}

variable "url" {
  type        = string
  description = "Base URL of a service that has /health."
}

step "http_request" "health" {
  url     = "${var.url}/health"
  timeout = "5s"
  assert { condition = self.json.status == "healthy" }
  threshold "latency" {
    value  = self.latency_ms
    unit   = "ms"
    expect = value < 2000
  }
  remedy {
    text = "Restart the service, then look at its logs."
  }
}
