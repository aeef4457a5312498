package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

// New declares the provider. The declaration is immutable and costs no network and no file.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name:        "kubernetes",
		Doc:         "Kubernetes clusters, through the API server.",
		Open:        open,
		Target:      target,
		NeedsTarget: true,
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
