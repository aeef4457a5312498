map = { a = "x" }
mapp = {}
not_null = null
replicas2 = foo.bar
