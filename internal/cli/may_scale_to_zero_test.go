package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const kubeconfigOfNobody = `
apiVersion: v1
kind: Config
clusters: [{name: shop, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: shop, context: {cluster: shop, user: ""}}]
current-context: shop
`

const mayScaleToZero = `
runbook "zero" {}
provider "kubernetes" { kubeconfig = "kubeconfig" }
step "local_command" "q" {
  command = ["true"]
  effect  = "read"
}
step "kubernetes_apply" "text" {
  manifest = <<-Y
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api}
    spec: {replicas: ${step.q.exit_code}}
  Y
}
step "kubernetes_apply" "object" {
  manifest = { apiVersion = "apps/v1", kind = "Deployment", metadata = { name = "api" }, spec = { replicas = step.q.exit_code } }
}
step "kubernetes_apply" "name" {
  manifest = { apiVersion = "apps/v1", kind = "Deployment", metadata = { name = step.q.stdout }, spec = { replicas = 2 } }
}
step "kubernetes_apply" "sure" {
  manifest = { apiVersion = "apps/v1", kind = "Deployment", metadata = { name = step.q.stdout }, spec = { replicas = 0 } }
}
step "kubernetes_patch" "patch" {
  resource = "deployment/api"
  patch    = { spec = { replicas = step.q.exit_code } }
}
step "kubernetes_patch" "label" {
  resource = "deployment/api"
  patch    = { metadata = { labels = { by = step.q.stdout } } }
}
step "kubernetes_patch" "copied" {
  resource = "deployment/api"
  type     = "json"
  patch    = [{ op = "copy", from = "/spec/minReadySeconds", path = "/spec/replicas" }]
}
step "kubernetes_patch" "encoded" {
  resource = "deployment/api"
  patch    = jsonencode({ metadata = { labels = { by = step.q.stdout } } })
}
`

// TestQuestionTellsWhatMayScaleToZero: where only a result tells how many replicas there are to be, a manifest and a patch may destroy.
func TestQuestionTellsWhatMayScaleToZero(t *testing.T) {
	tt := withProviders(t)
	tt.file(t, "kubeconfig", kubeconfigOfNobody)
	file := tt.file(t, "x.hcl", mayScaleToZero)
	tt.does(t, ExitRefused, []string{"the plan changes something"}, "apply", file)
	want := map[string][]string{
		changesSomething: {"label", "name"}, mayDestroy: {"copied", "encoded", "object", "patch", "text"}, destroys: {"sure"},
	}
	if diff := cmp.Diff(want, underHeadings(tt.err.String())); diff != "" {
		t.Errorf("%s\n%s", diff, tt.err)
	}
}

// TestGraphTellsTheWorst: the text alone tells it of what is written out in an object, whatever stands beside it.
func TestGraphTellsTheWorst(t *testing.T) {
	tt := withProviders(t)
	tt.does(t, ExitPassed, nil, "graph", tt.file(t, "x.hcl", mayScaleToZero), "--json")
	var graph graphJSON
	if err := json.Unmarshal([]byte(tt.out.String()), &graph); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range graph.Steps {
		got[s.Name] = s.Effect
	}
	want := map[string]string{
		"q": "read", "text": "destructive", "object": "destructive", "name": "write", "sure": "destructive", "patch": "destructive", "label": "write",
		"encoded": "destructive", "copied": "destructive",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPolicyJudgesWhatOnlyTheServerKnows: the run tells no more of what a patch copies onto replicas, so that policies judge the worst of it.
func TestPolicyJudgesWhatOnlyTheServerKnows(t *testing.T) {
	const copied = `
step "local_command" "q" {
  command = ["/usr/bin/printf", "/spec/replicas"]
  effect  = "read"
}
step "kubernetes_patch" "copied" {
  resource = "deployment/api"
  type     = "json"
  patch    = [{ op = "copy", from = "/spec/minReadySeconds", path = PATH }]
}
`
	for path, want := range map[string]int{`"/spec/replicas"`: ExitRefused, "step.q.stdout": ExitFailed} {
		tt := withProviders(t)
		tt.file(t, "kubeconfig", kubeconfigOfNobody)
		tt.file(t, "workspace.hcl", `policy { effects = ["read", "write"] }`)
		file := tt.file(t, "x.hcl", "runbook \"zero\" {}\nprovider \"kubernetes\" { kubeconfig = \"kubeconfig\" }\n"+strings.Replace(copied, "PATH", path, 1))
		tt.does(t, want, nil, "apply", file, "--auto-approve")
		if said := tt.out.String() + tt.err.String(); !strings.Contains(said, `The effect of step "copied" is "destructive", which the policy does not allow.`) {
			t.Errorf("%s is not refused:\n%s", path, said)
		}
	}
}

// TestNothingScalesToZeroThatWasPlannedAsChange: an instance that scales to zero where none in the plan did is not sent.
func TestNothingScalesToZeroThatWasPlannedAsChange(t *testing.T) {
	for action, argument := range map[string]string{
		"kubernetes_apply": `manifest = { apiVersion = "apps/v1", kind = "Deployment", metadata = { name = "api" }, spec = { replicas = tonumber(each.key) } }`,
		"kubernetes_patch": `resource = "deployment/api"
  patch = { spec = { replicas = tonumber(each.key) } }`,
	} {
		t.Run(action, func(t *testing.T) {
			tt := withProviders(t)
			tt.file(t, "kubeconfig", kubeconfigOfNobody)
			keys := tt.file(t, "keys", "2,3")
			file := tt.file(t, "x.hcl", `
runbook "zero" {}
provider "kubernetes" { kubeconfig = "kubeconfig" }
step "local_write_file" "keys" {
  path    = "keys"
  content = "0,2"
}
step "`+action+`" "each" {
  for_each   = toset(split(",", file("keys")))
  depends_on = [step.keys]
  `+argument+`
}
`)
			tt.does(t, ExitFailed, nil, "apply", file, "--auto-approve")
			if text, err := os.ReadFile(filepath.Clean(keys)); err != nil || string(text) != "0,2" {
				t.Fatalf("the keys are %q, %v", text, err)
			}
			lines := strings.Split(tt.out.String(), "\n")
			if want := "nothing was sent: its effect is destructive, and it was planned as a write"; !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, want) }) {
				t.Errorf("it lacks %q:\n%s", want, tt.out)
			}
		})
	}
}
