policy { effects = ["read"] }
