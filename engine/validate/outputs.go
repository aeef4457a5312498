package validate

// outputs checks the expressions of the runbook's outputs.
func outputs(c *checker) {
	for _, o := range c.rb.Outputs {
		c.typed(o.Value, outside("an output", true))
	}
}
