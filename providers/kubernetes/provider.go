package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

// New declares the provider. The declaration is immutable and costs no network and no file.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name:    "kubernetes",
		Doc:     "Kubernetes clusters, through the API server.",
		Open:    open,
		Target:  target,
		Unnamed: lacksTarget, ReadsUnnamed: true,
		Checks: map[string]provider.Check{
			"label_selector":         checkLabelSelector,
			"field_selector":         checkFieldSelector,
			"jsonpath":               checkJSONPath,
			"kubernetes_resource":    checkResource,
			"kubernetes_rollout":     checkRolloutResource,
			"kubernetes_log_source":  checkLogSource,
			"kubernetes_label":       checkLabelKey,
			"kubernetes_label_value": checkLabelValue,
			"kubernetes_quantity":    checkQuantity,
			"kubernetes_replicas":    checkReplicas,
			"kubernetes_namespace":   checkNamespace,
			"kubernetes_pod":         checkPodName,
			"kubernetes_node":        checkNodeName,
			"kubernetes_container":   checkContainer,
			"kubernetes_image":       checkImage,
			"kubernetes_env":         checkVariable,
		},
		Actions: []provider.Action{
			clusterAction(), nodesAction(), podsAction(), deploymentsAction(), jobsAction(), objectsAction(),
			eventsAction(), logsAction(), topNodesAction(), topPodsAction(), rolloutHistoryAction(),
			rolloutStatusAction(), canIAction(),
			rolloutRestartAction(), rolloutUndoAction(), scaleAction(), setEnvAction(), setImageAction(),
			setResourcesAction(), labelAction(), applyAction(), patchAction(), cordonAction(), uncordonAction(),
			execAction(), runJobAction(), deleteAction(), drainAction(),
		},
	})
}

// lacksTarget is what a block lacks that leaves open which cluster it is: the current context is another once somebody has chosen one, in
// whichever shell. A namespace is no cluster.
func lacksTarget(c *config, known provider.Known) string {
	if c.Context != "" || c.Kubeconfig != "" || c.InCluster || !known("context") || !known("kubeconfig") || !known("in_cluster") {
		return ""
	}
	return "set context, kubeconfig or in_cluster"
}
