c = "one"
d = "one"
e = "one"
