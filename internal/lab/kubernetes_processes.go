package lab

import (
	"slices"
	"syscall"
)

// kubernetesProcesses lists the control plane, in the order of its start. The first two may start together, the others
// give up when the API server does not answer soon.
func (l *Lab) kubernetesProcesses(programs map[string]string) []command {
	commands := []command{l.etcd(), l.apiServer(), l.controllerManager(), l.scheduler(), l.kwok(), l.metricsServer()}
	for n := range commands {
		commands[n].path = programs[commands[n].name]
	}
	return commands
}

func (l *Lab) cert(name string) string { return l.path("certs", name) }

// served are the arguments of a server's certificate.
func (l *Lab) served(name string) []string {
	return []string{"--tls-cert-file=" + l.cert(name+".crt"), "--tls-private-key-file=" + l.cert(name+".key")}
}

// client lets a program of the control plane talk to the API server.
func (l *Lab) client() []string {
	return []string{"--kubeconfig=" + l.path("kubeconfig")}
}

// unlimited are the arguments of the two programs that do most of the work while a cluster is filled.
var unlimited = []string{"--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000"}

func (l *Lab) etcd() command {
	clients, peers := "http://"+l.address("etcd"), "http://"+l.address("etcd-peer")
	return command{name: "etcd", args: []string{
		"--data-dir=" + l.path("data", "etcd"), "--name=lab", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
		"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers, "--initial-cluster=lab=" + peers,
	}}
}

func (l *Lab) apiServer() command {
	return command{
		name:   "kube-apiserver",
		inputs: []string{l.cert("kube-apiserver.crt"), l.cert("ca.crt"), l.kubeFile("tokens.csv")},
		stop:   syscall.SIGKILL, // an orderly end takes up to a minute, and there is nothing to lose
		args: append(l.served("kube-apiserver"),
			"--etcd-servers=http://"+l.address("etcd"),
			"--bind-address="+loopback, "--secure-port="+l.port("kubernetes"), "--endpoint-reconciler-type=none",
			"--token-auth-file="+l.kubeFile("tokens.csv"), "--authorization-mode=RBAC",
			"--disable-admission-plugins=ServiceAccount",
			"--service-account-issuer=https://"+l.address("kubernetes"),
			"--service-account-key-file="+l.cert("service-account.crt"),
			"--service-account-signing-key-file="+l.cert("service-account.key"),
			"--service-cluster-ip-range=10.96.0.0/16",
			"--requestheader-client-ca-file="+l.cert("ca.crt"), "--requestheader-allowed-names=front-proxy-client",
			"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file="+l.cert("front-proxy.crt"), "--proxy-client-key-file="+l.cert("front-proxy.key"),
			"--kubelet-preferred-address-types=InternalIP"),
	}
}

func (l *Lab) controllerManager() command {
	return command{
		name: "kube-controller-manager", inputs: []string{l.path("kubeconfig")},
		args: slices.Concat(l.client(), unlimited, []string{
			"--controllers=*,-node-ipam-controller", "--node-monitor-period=1s",
			"--service-account-private-key-file=" + l.cert("service-account.key"), "--root-ca-file=" + l.cert("ca.crt"),
		}),
	}
}

func (l *Lab) scheduler() command {
	return command{
		name: "kube-scheduler", inputs: []string{l.path("kubeconfig")}, args: slices.Concat(l.client(), unlimited),
	}
}

func (l *Lab) kwok() command {
	return command{
		name: "kwok", inputs: []string{l.path("kubeconfig"), l.kubeFile("kwok.yaml")},
		args: slices.Concat(l.client(), l.served("kubelet"), []string{
			"--config=" + l.kubeFile("kwok.yaml"), "--manage-all-nodes=true", "--enable-crds=Logs", "--node-ip=" + loopback,
			"--node-port=" + l.port("kubelet"), "--server-address=" + l.address("kubelet"), "--cidr=10.0.0.1/24",
		}),
	}
}

func (l *Lab) metricsServer() command {
	return command{
		name: "metrics-server", inputs: []string{l.path("kubeconfig"), l.cert("metrics-server.crt")},
		args: slices.Concat(l.client(), l.served("metrics-server"), []string{
			"--authentication-kubeconfig=" + l.path("kubeconfig"), "--authorization-kubeconfig=" + l.path("kubeconfig"),
			"--bind-address=" + loopback, "--secure-port=" + l.port("metrics"),
			"--kubelet-certificate-authority=" + l.cert("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--kubelet-use-node-status-port",
		}),
	}
}

// names lists processes for a probe.
func names(commands []command) []string {
	list := make([]string, 0, len(commands))
	for _, c := range commands {
		list = append(list, c.name)
	}
	return list
}
