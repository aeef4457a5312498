runbook "case" {}

variable "namespace" {
  type = string
}

contact "oncall" {
  name = "On call"
}

escalation "default" {
  level {
    contact = contact.oncal
    after   = "5m"
  }
}

step "demo_list" "nodes" {
  namespace = var.namespcae
}

step "demo_list" "more" {
  namespace = step.nodse.version
  query     = local.nothing
  state     = run.idd
  tags      = [runbook.path, contact.nobody.name, escalation.defualt.name, "echo ${USER} ${USER.name}"]
  limit     = nodes.count
  queries   = [foo.bar, namespace, var, var["namespace"], provider.demo.x, sefl.count]
  when      = undefined_function(1) && lenght(step.nodes.items) > 0
}

check "inside" {
  assert { condition = try(step.nodess.count, 0) == 0 }
  assert { condition = can(var.nope) }
  assert { condition = alltrue([for n in step.nodes.items : n.ready && local.other]) }
}
