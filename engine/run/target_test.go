package run

import "testing"

// TestSamePlace: a place is the same where all of it is; what an older version did not record of it is none that differs.
func TestSamePlace(t *testing.T) {
	const base = "http://shop"
	now := Target{Provider: "http", Target: base, Place: base + "\nheader X-Tenant: a"}
	for name, test := range map[string]struct {
		was  Target
		want bool
	}{
		"the same":        {Target{Provider: "http", Kept: KeptWhole, Place: now.Place}, true},
		"another header":  {Target{Provider: "http", Kept: KeptWhole, Place: base + "\nheader X-Tenant: b"}, false},
		"one more header": {Target{Provider: "http", Kept: KeptWhole, Place: base + "\nheader X-Other: b"}, false},
		"none recorded":   {Target{Provider: "http", Kept: KeptWhole, Place: base}, true},
		"another system":  {Target{Provider: "http", Kept: KeptWhole, Place: "http://other"}, false},
		"lost":            {Target{Provider: "http", Kept: KeptSealed}, false},
		"another block":   {Target{Provider: "http.b", Kept: KeptWhole, Place: now.Place}, false},
	} {
		if got := test.was.Same(now, nil); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
