package kubernetes

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// newScheme knows the types that the actions decode, and no others: the scheme of client-go's clientset registers
// every type of every API group before main starts.
func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	s.AddKnownTypes(corev1.SchemeGroupVersion,
		&corev1.NodeList{}, &corev1.Pod{}, &corev1.PodList{}, &corev1.EventList{}, &corev1.Namespace{}, &corev1.Secret{},
		&metav1.Status{})
	s.AddKnownTypes(appsv1.SchemeGroupVersion,
		&appsv1.Deployment{}, &appsv1.DeploymentList{}, &appsv1.StatefulSet{}, &appsv1.DaemonSet{},
		&appsv1.ReplicaSetList{}, &appsv1.ControllerRevisionList{})
	s.AddKnownTypes(batchv1.SchemeGroupVersion, &batchv1.JobList{})
	s.AddKnownTypes(metricsv1beta1.SchemeGroupVersion, &metricsv1beta1.NodeMetricsList{}, &metricsv1beta1.PodMetricsList{})
	return s
}

func newSerializer() runtime.NegotiatedSerializer {
	return serializer.NewCodecFactory(newScheme()).WithoutConversion()
}
