# What the runbooks in this folder share: where production is, how to reach it, and whom to call.
#
# Every address is a variable, so that the same runbooks check the lab, staging or another cluster: set
# RUNBOOK_VAR_<name>, or name a file with --var-file. Two things come from the environment alone: the cluster
# (KUBECONFIG, as for kubectl) and the database's URL with its password (DATABASE_URL).

variable "namespace" {
  type        = string
  default     = "production"
  description = "Namespace that the service runs in."
}

variable "app" {
  type        = string
  default     = "app=intelligent-agent"
  description = "Label selector of the service's pods."
}

variable "backend" {
  type        = string
  default     = "deployment/intelligent-agent-backend"
  description = "The deployment whose rollouts are looked at, as TYPE/NAME."
}

variable "api_url" {
  type        = string
  default     = "http://api.intelligent-agent.com"
  description = "Where the API answers; /health is below it."
}

variable "prometheus_url" {
  type        = string
  default     = "http://prometheus.example.com:9090"
  description = "The Prometheus that scrapes the service."
}

variable "dashboard_url" {
  type        = string
  default     = "https://grafana.example.com/d/production-overview"
  description = "The dashboard to look at when a number is not as it should be."
}

variable "redis_url" {
  type        = string
  default     = "redis://redis.example.com:6379"
  sensitive   = true # it may hold a password
  description = "The cache."
}

variable "site_address" {
  type        = string
  default     = "intelligent-agent.com:443"
  description = "Host and port whose certificate is checked."
}

variable "site_server_name" {
  type        = string
  default     = null
  description = "Name to ask the site for; null: the host of site_address."
}

variable "site_ca_file" {
  type        = string
  default     = null
  description = "PEM file of the authority that signs the site's certificate; null: those that the system trusts."
}

variable "disk_path" {
  type        = string
  default     = "/"
  description = "A path on the disk that must not fill up."
}

variable "timezone" {
  type        = string
  default     = "UTC"
  description = "Where the day begins that the evening review looks back on."
}

variable "expected_alerts" {
  type        = list(string)
  default     = ["Watchdog"]
  description = "Alerts that may fire: the one that always does, and those of a maintenance that is under way."
}

variable "metrics_dir" {
  type        = string
  default     = "metrics"
  description = "Folder for the day's metrics; a relative one is beside the runbook that writes it."
}

# For reads: a step that writes needs a block that names its context.
provider "kubernetes" {
  namespace = var.namespace
}

provider "postgres" {
  url = secret("env:DATABASE_URL")
}

provider "redis" {
  url = var.redis_url
}

provider "prometheus" {
  url = var.prometheus_url
}

provider "http" {
  base_url = var.api_url
}

contact "oncall" {
  role  = "Primary on-call"
  phone = "+1-555-0150"
  email = "oncall@company.com"
  slack = "@oncall"
}

contact "dba" {
  role  = "Database administrator"
  phone = "+1-555-0160"
  email = "dba@company.com"
  slack = "@dba"
}

contact "security" {
  role  = "Security lead"
  phone = "+1-555-0170"
  email = "security@company.com"
  slack = "@security"
}

contact "senior" {
  role  = "Senior engineer on call"
  phone = "+1-555-0100"
}

contact "manager" {
  role  = "Manager on call"
  phone = "+1-555-0200"
  email = "manager@company.com"
  slack = "@manager"
}

contact "vp" {
  role = "VP Engineering"
}

contact "operations" {
  name  = "Operations"
  email = "ops@intelligent-agent.com"
  slack = "#operations-general"
  hours = "Answers within four hours."
}

contact "cloud" {
  name  = "AWS Support"
  phone = "1-844-4AWS-NOW"
  url   = "https://console.aws.amazon.com"
}

contact "postgresql" {
  name = "PostgreSQL community"
  url  = "https://www.postgresql.org"
}

contact "kubernetes" {
  name = "Kubernetes community"
  url  = "https://kubernetes.io/support"
}

# Who takes over when an incident goes on. "after" counts from the alert.
escalation "incident" {
  level {
    contact = contact.oncall
    brief   = "Triage, logs and metrics, known fixes."
  }
  level {
    contact = contact.senior
    after   = "15m"
    brief   = "The alert, what was found, what was done."
  }
  level {
    contact = contact.manager
    after   = "30m"
    brief   = "Impact, state of the mitigation, what is needed; may page the whole team or a vendor."
  }
  level {
    contact = contact.vp
    after   = "1h"
    brief   = "Customer impact and public communication, with customer success."
  }
}

# P1: an answer within five minutes. Also page @channel in #incident-response.
escalation "critical" {
  level {
    contact = contact.oncall
    brief   = "Call; an answer is due within 5 minutes."
  }
  level {
    contact = contact.manager
    after   = "2m"
    brief   = "Call when nobody answered."
  }
}

# P2: an answer within a quarter of an hour.
escalation "urgent" {
  level {
    contact = contact.oncall
    brief   = "Call and page; an answer is due within 15 minutes."
  }
  level {
    contact = contact.senior
    after   = "15m"
    brief   = "Call when it is not solved."
  }
}
