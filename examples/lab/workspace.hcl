# The lab's services, by the addresses in its env file: source .lab/env, or use `bin/labctl run`.
# The cluster comes from KUBECONFIG, as for kubectl.
provider "postgres" {
  url = secret("env:DATABASE_URL")
}

provider "redis" {
  url = secret("env:REDIS_URL")
}

provider "prometheus" {
  url = env("PROMETHEUS_URL")
}

provider "http" {
  base_url = env("LAB_API_URL")
}
