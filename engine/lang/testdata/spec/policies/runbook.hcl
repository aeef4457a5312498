runbook "r" {}
policy {
  effects   = ["read", "rite"]
  providers = ["db", "wbe"]
  approve   = "write"
  commands  = ["rsync"]
}
policy {}
