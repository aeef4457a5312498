// Package kubernetes pins the programs of the lab's Kubernetes control plane. It is a module of its own because
// k8s.io/kubernetes needs a replace directive for each of its parts, and none of that may reach the product's go.mod.
//
// There is no code here besides metrics-server. Package lab builds the tools that go.mod lists.
package kubernetes
