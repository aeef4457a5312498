runbook "r" {}
escalation "oncall" {
  level {
    contact = "anna"
    notify "db_query" { sql = "SELECT 1" }
    notify "db_query" { sql = "SELECT 2" }
  }
  level {
    contact = "bob"
    notify "ask_confirm" { prompt = "Called?" }
  }
  level {
    contact = "cleo"
    notify "runbook" { source = "./page.hcl" }
  }
  level {
    contact = "dan"
    notify "db_exec" { sql = "SELECT 1" }
  }
  level {
    contact = "eve"
    notify "db_querry" { sql = "SELECT 1" }
  }
  level {
    contact = "finn"
    notify { sql = "SELECT 1" }
  }
  level {
    contact = "gus"
    notify = "db_query"
  }
  level {
    contact = "hal"
    notify "db_query" {
      sql    = "SELECT 1"
      sqll   = "SELECT 1"
      effect = "read"
      assert { condition = true }
    }
  }
}
