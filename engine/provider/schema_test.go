package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

func TestSchemaOfArguments(t *testing.T) {
	o := objectOf[sampleArgs]()
	var got []string
	for _, a := range o.Attributes {
		line := a.Name + " " + a.Type.FriendlyName()
		for text, on := range map[string]bool{" required": a.Required} {
			if on {
				line += text
			}
		}
		if a.Default != "" {
			line += " = " + a.Default
		}
		if a.Duration {
			line += " duration"
		}
		got = append(got, line)
	}
	want := []string{
		"name string required", "format string = text", "limit number = 500", "ratio number", "wait string = 1m duration",
		"on bool = true", "codes list of number = [0, 3]", `words list of string = [a, "b"]`, "labels map of string",
		"login object", "any dynamic", "other string",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(o.Attributes) != 12 || !o.Attribute("login").Fields.Attribute("password").Sensitive {
		t.Error("a field without a tag is declared, or a nested one lost its sensitivity")
	}
	if diff := cmp.Diff("name", o.Names()[0]); diff != "" {
		t.Error(diff)
	}
	if !o.Null().Type().Equals(o.Type()) || !objectOf[struct{}]().Null().RawEquals(cty.EmptyObjectVal) {
		t.Error("the null object is of another type")
	}
}

func TestUnits(t *testing.T) {
	for name, want := range map[string]string{
		"latency_ms": "ms", "age_seconds": "seconds", "size_bytes": "bytes", "used_percent": "percent",
		"created_at": "RFC 3339", "expires_in_days": "days", "cpu_millicores": "millicores", "bad_minutes": "minutes", "count": "",
	} {
		if got := unitOf(name); got != want {
			t.Errorf("the unit of %s is %q, expected %q", name, got, want)
		}
	}
}

func TestWrongDeclarationsPanic(t *testing.T) {
	for name, test := range map[string]struct {
		declare func()
		want    string
	}{
		"no struct": {func() { objectOf[int]() }, "not a struct"},
		"twice": {func() {
			objectOf[struct {
				A, B string `rb:"a"`
			}]()
		}, "two attributes"},
		"option": {func() {
			objectOf[struct {
				A string `rb:"a,requird"`
			}]()
		}, `unknown option "requird"`},
		"type": {func() {
			objectOf[struct {
				A chan int `rb:"a"`
			}]()
		}, "has no type"},
		"list of any": {func() {
			objectOf[struct {
				A []cty.Value `rb:"a"`
			}]()
		}, "use a cty.Value"},
		"list with any": {func() {
			objectOf[struct {
				A []struct {
					B cty.Value `rb:"b"`
				} `rb:"a"`
			}]()
		}, "use a cty.Value"},
		"map of any": {func() {
			objectOf[struct {
				A map[string]cty.Value `rb:"a"`
			}]()
		}, "use a cty.Value"},
		"map by number": {func() {
			objectOf[struct {
				A map[int]string `rb:"a"`
			}]()
		}, "not a map from string"},
		"default": {func() {
			objectOf[struct {
				A int `rb:"a" default:"x"`
			}]()
		}, `default "x" is not a number`},
		"map default": {func() {
			objectOf[struct {
				A map[string]string `rb:"a" default:"x"`
			}]()
		}, "can't be written in a tag"},
		"same provider": {func() { NewRegistry(sample(), sample()) }, "two providers are named sample"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, test.want) {
					t.Errorf("panicked with %q, expected %q", text, test.want)
				}
			}()
			test.declare()
		})
	}
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * day, "1w2d12h": 9*day + 12*time.Hour, "1.5d": 36 * time.Hour,
		"250ms": 250 * time.Millisecond, "0": 0, "0s": 0, "-1d2h": -26 * time.Hour, "2w": 14 * day, "1d5ms": day + 5*time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "-", "5", "d", "w", "1", "1 d", "1d 2h", "1d1w", "1d-2h", "1d+2h", "--1d", "1h2d", "NaNd", "infd", "1e99w",
		"15250.3w", "15250w106751d1h", "five minutes",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		} else if !strings.Contains(err.Error(), "is not a duration; write") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"1w2d12h", "-1.5d", "90s", "1e3d", "infd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err == nil && d < 0 && !strings.HasPrefix(text, "-") {
			t.Errorf("%q is negative: %v", text, d)
		}
	})
}
