# Where the runbooks of this folder run, and what they may do there.
# apply demands one of these environments: --env staging or --env production.
policy {
  effects = ["read", "write"]
}

environment "staging" {
  variables = { least_free_gib = 0 }
}

environment "production" {
  variables = { least_free_gib = 5 }
  policy {
    approve = ["write"]
  }
}
