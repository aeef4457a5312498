package lab

// services lists what the lab runs. Kubernetes comes first because it takes longest.
func (l *Lab) services() []service {
	return []service{
		{name: "kubernetes", up: l.kubernetesUp},
		{name: "postgres", up: l.postgresUp},
		{name: "redis", up: l.redisUp},
		{name: "demo-api", up: l.demoAPIUp},
		{name: "nginx", needs: []string{"demo-api"}, up: l.nginxUp},
		{name: "prometheus", needs: []string{"demo-api"}, up: l.prometheusUp},
		{name: "backups", up: l.backupsUp},
	}
}
