runbook "r" {}
environment "own" {
  variables = { a = 1, b = ["x"], "c" = { d = true } }
  policy { effects = ["read"] }
}
environment "wrong" {
  variables = {
    a = var.b
    a = 2
    b = upper("x")
  }
  policy {}
  policy {}
  name = "x"
}
environment "own" {}
environment "no map" { variables = "a" }
