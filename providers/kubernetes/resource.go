package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
)

// resource is a type of object as the API knows it.
type resource struct {
	plural, singular, kind string
	group, version         string
	short                  []string
	namespaced             bool
}

// root is the path that the resource's API starts at.
func (r resource) root() string {
	if r.group == "" {
		return "/api/" + r.version
	}
	return "/apis/" + r.group + "/" + r.version
}

// The resources that actions ask for by themselves.
var (
	nodes               = resource{plural: "nodes", singular: "node", kind: "Node", version: "v1", short: []string{"no"}}
	namespaces          = resource{plural: "namespaces", singular: "namespace", kind: "Namespace", version: "v1", short: []string{"ns"}}
	pods                = core("pods", "Pod", "po")
	events              = core("events", "Event", "ev")
	services            = core("services", "Service", "svc")
	controllers         = core("replicationcontrollers", "ReplicationController", "rc")
	deployments         = apps("deployments", "Deployment", "deploy")
	statefulSets        = apps("statefulsets", "StatefulSet", "sts")
	daemonSets          = apps("daemonsets", "DaemonSet", "ds")
	replicaSets         = apps("replicasets", "ReplicaSet", "rs")
	controllerRevisions = apps("controllerrevisions", "ControllerRevision")
	jobs                = namespaced("batch", "v1", "jobs", "Job")
	secrets             = core("secrets", "Secret")
	nodeMetrics         = resource{plural: "nodes", singular: "node's metrics", group: "metrics.k8s.io", version: "v1beta1"}
	podMetrics          = resource{plural: "pods", singular: "pod's metrics", group: "metrics.k8s.io", version: "v1beta1", namespaced: true}
)

// builtin are the resources that may be named without their group, as kubectl lets one. Others are written with it,
// "certificates.cert-manager.io", which spares the discovery of all APIs.
var builtin = []resource{
	nodes, namespaces, pods, events, services, controllers, deployments, statefulSets, daemonSets, replicaSets,
	controllerRevisions, jobs,
	core("configmaps", "ConfigMap", "cm"), secrets, core("endpoints", "Endpoints", "ep"),
	core("serviceaccounts", "ServiceAccount", "sa"), core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc"),
	core("limitranges", "LimitRange", "limits"), core("resourcequotas", "ResourceQuota", "quota"),
	{plural: "persistentvolumes", singular: "persistentvolume", kind: "PersistentVolume", version: "v1", short: []string{"pv"}},
	namespaced("batch", "v1", "cronjobs", "CronJob", "cj"),
	namespaced("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa"),
	namespaced("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "pdb"),
	namespaced("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "netpol"),
	namespaced("networking.k8s.io", "v1", "ingresses", "Ingress", "ing"),
	namespaced("coordination.k8s.io", "v1", "leases", "Lease"),
	namespaced("rbac.authorization.k8s.io", "v1", "roles", "Role"),
	namespaced("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
	{plural: "clusterroles", singular: "clusterrole", kind: "ClusterRole", group: "rbac.authorization.k8s.io", version: "v1"},
	{plural: "clusterrolebindings", singular: "clusterrolebinding", kind: "ClusterRoleBinding", group: "rbac.authorization.k8s.io", version: "v1"},
	{plural: "storageclasses", singular: "storageclass", kind: "StorageClass", group: "storage.k8s.io", version: "v1", short: []string{"sc"}},
}

func core(plural, kind string, short ...string) resource {
	return namespaced("", "v1", plural, kind, short...)
}

func apps(plural, kind string, short ...string) resource {
	return namespaced("apps", "v1", plural, kind, short...)
}

func namespaced(group, version, plural, kind string, short ...string) resource {
	return resource{
		plural: plural, singular: strings.ToLower(kind), kind: kind, group: group, version: version, short: short, namespaced: true,
	}
}

// lookUp finds a builtin resource by any of its names, with or without its group: "deploy", "Deployment",
// "deployments.apps".
func lookUp(name string) (resource, bool) {
	name, group, qualified := strings.Cut(strings.ToLower(name), ".")
	i := slices.IndexFunc(builtin, func(r resource) bool {
		named := name == r.plural || name == r.singular || slices.Contains(r.short, name)
		return named && (!qualified || group == r.group || group == r.version+"."+r.group)
	})
	if i < 0 {
		return resource{}, false
	}
	return builtin[i], true
}

// parseResource reads kubectl's TYPE/NAME; the type must be one of the allowed.
func parseResource(text string, allowed []resource) (resource, string, error) {
	typ, name, err := splitResource(text)
	if err != nil {
		return resource{}, "", err
	}
	found, ok := lookUp(typ)
	if !ok || !slices.ContainsFunc(allowed, func(r resource) bool { return r.plural == found.plural && r.group == found.group }) {
		names := make([]string, len(allowed))
		for i, r := range allowed {
			names[i] = r.singular
		}
		return resource{}, "", fmt.Errorf("%q is not of one of the types that this action knows: %s", text, strings.Join(names, ", "))
	}
	return found, name, nil
}

// splitResource takes TYPE/NAME apart. Its errors, as those of whoever calls it, show the text whole: where that is a secret, a part of it would
// not be known as one.
func splitResource(text string) (typ, name string, err error) {
	typ, name, ok := strings.Cut(text, "/")
	if !ok || typ == "" || name == "" {
		return "", "", fmt.Errorf(`%q is not TYPE/NAME; write one like "deployment/api"`, text)
	}
	if problems := content.IsPathSegmentName(name); len(problems) > 0 {
		return "", "", fmt.Errorf("the name in %q can't be the name of an object: it %s", text, strings.Join(problems, ", it "))
	}
	return typ, name, nil
}
