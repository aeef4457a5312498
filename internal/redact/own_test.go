package redact

import (
	"bytes"
	"io"
	"testing"
)

// TestTheNetLeavesOwnWordsAlone: a writer blanks what is no word of the program's, and who knows what came from outside blanks all of it.
func TestTheNetLeavesOwnWordsAlone(t *testing.T) {
	const text = "step passed, 2026-11-29, reboot-db: hunter2-long, 20261, c3RlcA== resume"
	tests := map[string]struct {
		secrets, names []string
		want           string
	}{
		"a word":           {[]string{"step"}, nil, "step passed, 2026-11-29, reboot-db: hunter2-long, 20261, (sensitive) resume"},
		"a part of one":    {[]string{"asse"}, nil, text},
		"a year":           {[]string{"2026"}, nil, text},
		"a longer number":  {[]string{"20261"}, nil, "step passed, 2026-11-29, reboot-db: hunter2-long, (sensitive), c3RlcA== resume"},
		"a name":           {[]string{"reboot-db"}, []string{"reboot-db"}, text},
		"a name elsewhere": {[]string{"reboot-db"}, nil, "step passed, 2026-11-29, (sensitive): hunter2-long, 20261, c3RlcA== resume"},
		"no word":          {[]string{"hunter2-long", "resume"}, nil, "step passed, 2026-11-29, reboot-db: (sensitive), 20261, c3RlcA== resume"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, namesFirst := range []bool{true, false} {
				var r Redactor
				if namesFirst {
					r.Own(tt.names...)
				}
				for _, s := range tt.secrets {
					r.Add(s)
					if got := r.String(s); got != Blank {
						t.Errorf("%q itself is %q", s, got)
					}
				}
				r.Own(tt.names...)
				var out bytes.Buffer
				w := r.Writer(&out)
				if _, err := io.WriteString(w, text); err != nil {
					t.Fatal(err)
				}
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				if out.String() != tt.want {
					t.Errorf("names first %t: got  %q\nwant %q", namesFirst, out.String(), tt.want)
				}
			}
		})
	}
}
