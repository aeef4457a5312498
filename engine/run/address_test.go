package run

import "testing"

func TestSplitAddress(t *testing.T) {
	for address, want := range map[string][2]string{
		"":                        {"", ""},
		"ping":                    {"ping", ""},
		`ping["a/b"]`:             {`ping["a/b"]`, ""},
		"db/ping":                 {"db", "ping"},
		`db["eu/1"]/ping["x"]`:    {`db["eu/1"]`, `ping["x"]`},
		`db["say \"hi\"]/"]/ping`: {`db["say \"hi\"]/"]`, "ping"},
		"a/b/c":                   {"a", "b/c"},
		`broken["a`:               {`broken["a`, ""},
		`short["a"`:               {`short["a"`, ""},
	} {
		head, rest := SplitAddress(address)
		if head != want[0] || rest != want[1] {
			t.Errorf("%s: got %q and %q", address, head, rest)
		}
	}
}
