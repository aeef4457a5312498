package lab

import (
	"strings"
	"syscall"
)

// kubernetesProcesses lists the control plane, in the order of its start. The first two may start together, the others
// give up when the API server does not answer soon.
func (l *Lab) kubernetesProcesses(programs map[string]string) []command {
	certs := func(name string) string { return l.path("certs", name) }
	kubeconfig := "--kubeconfig=" + l.path("kubeconfig")
	return []command{
		{
			name: "etcd", path: programs["etcd"],
			args: []string{
				"--data-dir=" + l.path("data", "etcd"), "--name=lab", "--unsafe-no-fsync", "--log-level=warn",
				"--listen-client-urls=http://" + l.address("etcd"), "--advertise-client-urls=http://" + l.address("etcd"),
				"--listen-peer-urls=http://" + l.address("etcd-peer"), "--initial-advertise-peer-urls=http://" + l.address("etcd-peer"),
				"--initial-cluster=lab=http://" + l.address("etcd-peer"),
			},
		},
		{
			name: "kube-apiserver", path: programs["kube-apiserver"],
			inputs: []string{certs("kube-apiserver.crt"), certs("ca.crt"), l.kubeFile("tokens.csv")},
			// An orderly end takes up to a minute, and there is nothing to lose.
			stop: syscall.SIGKILL,
			args: []string{
				"--etcd-servers=http://" + l.address("etcd"),
				"--bind-address=" + loopback, "--secure-port=" + l.port("kubernetes"), "--endpoint-reconciler-type=none",
				"--tls-cert-file=" + certs("kube-apiserver.crt"), "--tls-private-key-file=" + certs("kube-apiserver.key"),
				"--token-auth-file=" + l.kubeFile("tokens.csv"), "--authorization-mode=RBAC",
				"--disable-admission-plugins=ServiceAccount",
				"--service-account-issuer=https://" + l.address("kubernetes"),
				"--service-account-key-file=" + certs("service-account.crt"),
				"--service-account-signing-key-file=" + certs("service-account.key"),
				"--service-cluster-ip-range=10.96.0.0/16",
				"--requestheader-client-ca-file=" + certs("ca.crt"), "--requestheader-allowed-names=front-proxy-client",
				"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
				"--requestheader-extra-headers-prefix=X-Remote-Extra-",
				"--proxy-client-cert-file=" + certs("front-proxy.crt"), "--proxy-client-key-file=" + certs("front-proxy.key"),
				"--kubelet-preferred-address-types=InternalIP", "--v=0",
			},
		},
		{
			name: "kube-controller-manager", path: programs["kube-controller-manager"], inputs: []string{l.path("kubeconfig")},
			args: []string{
				kubeconfig, "--leader-elect=false", "--controllers=*,-node-ipam-controller", "--secure-port=0",
				"--service-account-private-key-file=" + certs("service-account.key"), "--root-ca-file=" + certs("ca.crt"),
				"--kube-api-qps=500", "--kube-api-burst=1000", "--node-monitor-period=1s",
			},
		},
		{
			name: "kube-scheduler", path: programs["kube-scheduler"], inputs: []string{l.path("kubeconfig")},
			args: []string{kubeconfig, "--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000"},
		},
		{
			name: "kwok", path: programs["kwok"], inputs: []string{l.path("kubeconfig"), l.kubeFile("kwok.yaml")},
			args: []string{
				kubeconfig, "--config=" + l.kubeFile("kwok.yaml"), "--manage-all-nodes=true", "--node-ip=" + loopback,
				"--node-port=" + l.port("kubelet"), "--server-address=" + l.address("kubelet"), "--cidr=10.0.0.1/24",
				"--tls-cert-file=" + certs("kubelet.crt"), "--tls-private-key-file=" + certs("kubelet.key"),
			},
		},
		{
			name: "metrics-server", path: programs["metrics-server"], inputs: []string{l.path("kubeconfig"), certs("metrics-server.crt")},
			args: []string{
				kubeconfig, "--authentication-kubeconfig=" + l.path("kubeconfig"), "--authorization-kubeconfig=" + l.path("kubeconfig"),
				"--bind-address=" + loopback, "--secure-port=" + l.port("metrics"),
				"--tls-cert-file=" + certs("metrics-server.crt"), "--tls-private-key-file=" + certs("metrics-server.key"),
				"--kubelet-certificate-authority=" + certs("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
				"--kubelet-use-node-status-port",
			},
		},
	}
}

// names lists processes for an error message or a probe.
func names(commands []command) []string {
	list := make([]string, 0, len(commands))
	for _, c := range commands {
		list = append(list, c.name)
	}
	return list
}

// describe joins names for people.
func describe(commands []command) string { return strings.Join(names(commands), ", ") }
