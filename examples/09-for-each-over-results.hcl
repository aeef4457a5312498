# for_each over what a step found: list first, then check each. The plan says "expands at run time".
# Give it a folder of certificates: --var dir=/etc/ssl/certs
runbook "for-each-over-results" {}

variable "dir" {
  type        = string
  description = "A folder with certificates in .pem files."
}

step "local_files" "found" {
  pattern = "${var.dir}/*.pem"
  limit   = 20
}

step "tls_certificate" "certificates" {
  for_each = toset(step.found.files[*].path)
  pem_file = each.key
  threshold "days left" {
    value = self.expires_in_days
    unit  = "days"
    warn  = value <= 30
  }
}

output "expiring" {
  value = [for path, c in step.certificates : basename(path) if c.expires_in_days <= 30]
}
