package report

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// elements are what may stand in what, as the schemas of its readers have it.
var elements = map[string][]string{
	"": {"testsuites"}, "testsuites": {"testsuite"}, "testsuite": {"properties", "testcase", "system-out"}, "properties": {"property"},
	"testcase": {"skipped", "error", "failure", "system-out"}, "failure": nil, "error": nil, "skipped": nil, "system-out": nil, "property": nil,
}

// attributes are those that an element must have.
var attributes = map[string][]string{
	"testsuites": {"tests", "failures", "errors", "skipped", "time"}, "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
	"testcase": {"name", "classname", "time"}, "property": {"name", "value"}, "failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"},
}

// TestJUnit reads reports back strictly: elements, attributes, and that the counts are right.
func TestJUnit(t *testing.T) {
	readJUnit(t, written(t, "junit", recorded(t, everything()...).Run(nil)))
	for _, name := range texts() {
		t.Run(name, func(t *testing.T) { readJUnit(t, written(t, "junit", recorded(t, hostile(nasty[name])...).Run(nil))) })
	}
}

func readJUnit(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	var path []string
	counts := map[string]int{}
	var said map[string]string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in:\n%.2000s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name, above := token.Name.Local, ""
			if len(path) > 0 {
				above = path[len(path)-1]
			}
			if !slices.Contains(elements[above], name) {
				t.Fatalf("%s in %s", name, above)
			}
			got := map[string]string{}
			for _, a := range token.Attr {
				got[a.Name.Local] = a.Value
			}
			for _, want := range attributes[name] {
				if _, ok := got[want]; !ok {
					t.Errorf("%s without %s", name, want)
				}
			}
			if seconds, has := got["time"]; has {
				if v, err := strconv.ParseFloat(seconds, 64); err != nil || v < 0 {
					t.Errorf("time %q", seconds)
				}
			}
			if counts[name]++; name == "testsuite" {
				said = got
			}
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
	for attribute, element := range map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"} {
		if said[attribute] != strconv.Itoa(counts[element]) {
			t.Errorf("%s=%q, and there are %d", attribute, said[attribute], counts[element])
		}
	}
	if counts["testcase"] == 0 {
		t.Error("no test")
	}
}

// TestJUnitReplaces what XML can't hold, and keeps the rest.
func TestJUnitReplaces(t *testing.T) {
	got := written(t, "junit", recorded(t, hostile("a\x00b\x1b[31m\ufffe ]]> é")...).Run(nil))
	for _, want := range []string{`message="a\x00b\x1b[31m` + "\uFFFD ]]&gt; é"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%.3000s", want, got)
		}
	}
}
