runbook "case" {}

step "demo_list" "list" {
  namespace = file("~/nothing")
  query     = pathexpand("~/x")
  tags      = [templatefile("case.hcl", 1), file("case.hcl"), fileexists("case.hcl"), file("/no/such/file")]
  queries   = fileset("/", "**")
  limit     = fileexists("x")
  assert { condition = file("case.hcl") == 1 }
  assert { condition = templatefile("/no/such/file", { a = 1 }).anything }
  assert { condition = fileset(".", "*.hcl") == 1 && file(1 > 2, 3) }
}
