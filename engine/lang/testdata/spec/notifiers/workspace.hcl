locals { night = escalation.oncall }
contact "anna" { name = "Anna" }
escalation "oncall" {
  level {
    contact = contact.anna
    after   = "5m"
    notify "db_exec" {
      provider = provider.db.eu
      timeout  = "10s"
      sql      = "INSERT INTO pages VALUES ('${self.step}')"
      retry { writes = true }
    }
  }
  level {
    contact = "ops"
  }
  level {
    contact = "boss"
    notify "db_query" { sql = "SELECT page('${self.contact.name}')" }
  }
}
escalation "unused" {
  level {
    contact = "ops"
    notify "db_query" { sql = "SELECT 1" }
  }
}
