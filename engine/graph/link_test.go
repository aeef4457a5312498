package graph_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEdges(t *testing.T) {
	cases := map[string]struct {
		body string
		want []string
	}{
		"every place of a step": {`
step "a_read" "x" {}
step "a_request" "arg" { method = step.x.version }
step "a_read" "when" { when = step.x.count > 0 }
step "a_read" "each" { for_each = toset([step.x.version]) }
step "a_read" "pre" {
  precondition { condition = step.x.count > 0 }
}
step "a_read" "show" { show = step.x.count }
step "a_read" "until" {
  poll { until = step.x.count > 0 }
}
step "a_read" "assert" {
  assert { condition = step.x.count > 0 }
}
step "a_read" "message" {
  assert {
    condition = true
    error_message = step.x.version
  }
}
step "a_read" "threshold" {
  threshold "t" {
    value = step.x.count
    expect = true
  }
}
step "a_read" "warn" {
  threshold "t" {
    value = 1
    warn = step.x.count > value
  }
}
step "a_read" "remedy" {
  remedy { text = step.x.version }
}
step "a_read" "inner" {
  assert {
    condition = true
    remedy { guide = step.x.version }
  }
}
step "a_read" "key" { provider = provider.a[step.x.version] }
step "a_read" "depends" { depends_on = [step.x] }
check "check" {
  assert { condition = step.x["k"].count > 0 }
}
`, []string{
			"x -> arg full: step.x.version", "x -> when full: step.x.count", "x -> each full: step.x.version",
			"x -> pre full: step.x.count", "x -> show full: step.x.count", "x -> until full: step.x.count",
			"x -> assert full: step.x.count", "x -> message full: step.x.version", "x -> threshold full: step.x.count",
			"x -> warn full: step.x.count", "x -> remedy full: step.x.version", "x -> inner full: step.x.version",
			"x -> key full: step.x.version", "x -> depends full: depends_on", `x -> check full: step.x["k"].count`,
		}},
		"outcome only": {`
step "a_read" "x" { for_each = toset(["k"]) }
check "outcome" {
  assert { condition = step.x["k"].outcome == "pass" }
}
check "all" {
  assert { condition = step.x == 1 }
}
check "both" {
  assert { condition = step.x["k"].error == null }
  assert { condition = step.x["k"].count > 0 }
}
check "depends" {
  depends_on = [step.x]
  assert { condition = step.x["k"].attempts == 1 }
}
`, []string{
			`x -> outcome outcome: step.x["k"].outcome`, "x -> all full: step.x",
			`x -> both full: step.x["k"].error`, `x -> depends full: step.x["k"].attempts`,
		}},
		"locals": {`
locals {
  direct  = step.x.count + step.y.count
  through = local.direct > 1
  alias   = step.x
  again   = local.alias
  ended   = step.x.outcome
  mixed   = "${step.x.outcome} ${step.x.count}"
}
step "a_read" "x" {}
step "a_read" "y" {}
check "through" {
  assert { condition = local.through }
}
check "alias" {
  assert { condition = local.again.outcome == "pass" }
}
check "alias_full" {
  assert { condition = local.again.count == 1 }
}
check "ended" {
  assert { condition = local.ended == "pass" }
}
check "mixed" {
  assert { condition = local.mixed == "pass" }
}
`, []string{
			"x -> through full: step.x.count in local.direct", "y -> through full: step.y.count in local.direct",
			"x -> alias outcome: step.x in local.alias", "x -> alias_full full: step.x in local.alias",
			"x -> ended outcome: step.x.outcome in local.ended", "x -> mixed full: step.x.outcome in local.mixed",
		}},
		"unknown steps are left out": {`
step "a_read" "x" { depends_on = [step.nope] }
check "c" {
  assert { condition = step.nope.count == local.nope }
}
`, nil},
		"writes take turns": {`
provider "a" { alias = "eu" }
step "a_write" "one" {}
step "a_read" "read" {}
step "a_write" "two" {}
step "b_write" "other" {}
step "a_write" "eu" { provider = provider.a.eu }
step "a_write" "explicit" { provider = provider.a }
step "a_write" "eu2" { provider = provider.a.eu }
`, []string{"one -> two order: writes through a", "two -> explicit order: writes through a", "eu -> eu2 order: writes through a.eu"}},
		"turns follow references": {`
step "a_write" "one" { depends_on = [step.two] }
step "a_write" "two" {}
step "a_write" "three" { when = step.two.outcome == "pass" }
`, []string{"two -> one full: depends_on", "two -> three outcome: step.two.outcome", "one -> three order: writes through a"}},
		"keyed configurations are one": {`
provider "a" { for_each = toset(["x", "y"]) }
step "a_write" "x" { provider = provider.a["x"] }
step "a_write" "y" { provider = provider.a["y"] }
`, []string{"x -> y order: writes through a[*]"}},
		"effects": {`
variable "method" {}
step "a_command" "stated" { effect = "read" }
step "a_command" "unstated" {}
step "a_read" "raised" { effect = "write" }
step "a_request" "get" {}
step "a_request" "get_too" { method = "GET" }
step "a_request" "post" { method = "POST" }
step "a_request" "lowered" {
  method = "POST"
  effect = "read"
}
step "a_request" "unknown" { method = var.method }
`, []string{
			"unstated -> raised order: writes through a", "raised -> post order: writes through a",
			"post -> lowered order: writes through a", "lowered -> unknown order: writes through a",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, edges(build(t, tc.body))); diff != "" {
				t.Errorf("edges differ (-want +got):\n%s", diff)
			}
		})
	}
}
