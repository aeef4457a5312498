policy {
  effects   = ["read", "write"]
  providers = ["demo"]
  approve   = ["write"]
  commands  = ["rsync"]
}
environment "staging" {
  policy { effects = [] }
}
