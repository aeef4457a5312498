variable "a" { defalt = 1 }
provider "db" { urll = "x" }
