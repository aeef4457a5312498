package chaos

import "flag"

// long has the tests try every case; otherwise they take a sample.
var long = flag.Bool("long", false, "try every case, as make chaos does")

// sample is how many cases a test tries.
func sample(short, all int) int {
	if *long {
		return all
	}
	return short
}
