runbook "r" {
  title = "x"
}
output "o" {
  value = <<-EOT
    a
    b
  EOT
}
