package validate

// localPlace is where locals stand: they are the same wherever they are used, so nothing of one step is known.
var localPlace = &place{
	what: "a local", steps: true,
	noSelf: "A local is the same for all steps, so it can't refer to self. Write the expression in place.",
	noEach: "A local is the same for all steps, so it can't refer to each. Write the expression in place.",
}

// locals checks the expressions of all locals, used or not.
func locals(c *checker) {
	for _, name := range c.namesOf("local") {
		c.typed(c.rb.Locals[name].Value, localPlace)
	}
}
