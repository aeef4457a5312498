policy {
  effects = ["read", "write"]
}
environment "production" {
  policy { effects = ["read", "destructive"] }
}
