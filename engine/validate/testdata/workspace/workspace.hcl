provider "cluster" {
  url = var.nope
}

locals {
  shared = step.missing.count
  fine   = var.region
}

variable "region" {
  default = "eu"
}
