runbook "r" {}
output "o" {
  value = <<EOT
{{{{ not ${"nested"} }
EOT
}
output "p" { value = "}}}}\"}${"{"}" }
# }}}}
/* {{{{ */
output "q" { value = 1 } // {
