provider "cluster" {
  url = "https://${var.regino}"
}

variable "region" {
  default = "eu"
  validation { condition = var.region }
}

locals {
  l = lenght("a")
}

escalation "page" {
  level { contact = contact.nobody }
}
