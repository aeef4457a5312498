policy {
  effects   = ["read", "write"]
  providers = ["demo"]
  approve   = ["write"]
  commands  = ["rsync"]
}
environment "staging" {
  policy { effects = [] }
}
escalation "page" {
  level {
    contact = "anna"
    notify "cluster_restart" { provider = provider.cluster }
  }
  level {
    contact = "bob"
    notify "demo_program" { command = ["mail", "bob"] }
  }
  level {
    contact = "cleo"
    notify "demo_program" { command = ["rsync", self.step] }
  }
}
