policy {
  effects   = ["reed"]
  providers = ["demoo"]
  approve   = "write"
  commands  = ["rsync"]
}
