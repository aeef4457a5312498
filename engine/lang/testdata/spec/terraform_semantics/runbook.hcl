runbook "r" {}
output "length" { value = [length("añb"), length([1, "a"]), length({ a = 1 })] }
output "lookup" { value = [lookup({ a = 1 }, "b", 7), lookup({ a = 1 }, "a", 7)] }
output "lookup_missing" { value = lookup({ a = 1 }, "b") }
output "index" { value = index(["a", "b"], "b") }
output "index_missing" { value = index(["a"], "b") }
output "coalesce" { value = coalesce(null, "", "x") }
output "replace" { value = [replace("a1b2", "/[0-9]/", "-"), replace("a.b", ".", "-")] }
output "sum_empty" { value = sum([]) }
output "merge" { value = merge({ a = 1 }, { b = 2 }) }
output "divide" { value = 1 / 0 }
output "compare" { value = "1" == 1 }
output "unknown_function" { value = lenght([]) }
output "formatdate" { value = formatdate("YYYY-MM-DD", timestamp()) }
output "date" { value = [date("today", "Europe/Berlin"), date("last monday"), date("start of week"), date("start of month"), date("yesterday")] }
output "bad_date" { value = date("someday") }
output "bad_zone" { value = date("today", "Berlin") }
output "jq" { value = [jq([1, 2], "map(.+1)"), jq({}, ".a"), jq([], ".[]")] }
output "jq_several" { value = jq([1, 2], ".[]") }
output "jq_bad" { value = jq(1, "][") }
output "file" { value = file("note.txt") }
output "no_file" { value = file("gone.txt") }
output "template" { value = templatefile("t.tmpl", { name = "Ada" }) }
output "template_missing" { value = templatefile("t.tmpl", {}) }
output "numbers" { value = [percentile([1, 2, 3, 4], 95), median([3, 1, 2]), avg([1, 2]), sum([1, 2]), duration("1d"), bytes("1.5KiB")] }
output "yaml" { value = yamldecode("a: .inf\nb: [1, x]") }
