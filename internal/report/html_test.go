package report

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// allowed are the elements of a page with the attributes that they may have.
var allowed = map[string][]string{
	"html": {"lang"}, "head": nil, "meta": {"charset", "http-equiv", "content", "name"}, "title": nil, "style": nil, "body": nil, "main": nil,
	"h1": nil, "h2": nil, "h3": {"id"}, "p": {"class"}, "ul": nil, "li": nil, "a": {"href"}, "span": {"class", "aria-hidden"}, "pre": nil, "br": nil,
	"table": nil, "caption": nil, "thead": nil, "tbody": nil, "tr": nil, "th": {"scope", "class"}, "td": {"class"}, "section": {"aria-labelledby"},
}

// TestHTML reads pages back strictly: what is opened is closed, nothing is loaded or run, tables have headers, and headings go down one
// level at a time. Whatever the texts of a run are, its page has the same elements.
func TestHTML(t *testing.T) {
	readHTML(t, written(t, "html", recorded(t, everything()...).Run(nil)))
	plain := readHTML(t, written(t, "html", recorded(t, hostile("plain")...).Run(nil)))
	for _, name := range texts() {
		t.Run(name, func(t *testing.T) {
			got := readHTML(t, written(t, "html", recorded(t, hostile(nasty[name])...).Run(nil)))
			if diff := cmp.Diff(plain, got); diff != "" {
				t.Errorf("other elements:\n%s", diff)
			}
		})
	}
}

func readHTML(t *testing.T, text string) (elements []string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(text))
	var open []string
	level, style, policy := 0, "", ""
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			break
		}
		token := z.Token()
		switch kind {
		case html.CommentToken:
			t.Errorf("a comment: %s", token.Data)
		case html.TextToken:
			if len(open) > 0 && open[len(open)-1] == "style" {
				style += token.Data
			}
			if strings.ContainsFunc(token.Data, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x202e }) {
				t.Errorf("a control character in %q", token.Data)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			elements = append(elements, token.Data)
			policy += checkAttributes(t, token)
			level = checkHeading(t, token.Data, level)
			if token.Data != "meta" && token.Data != "br" {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> within %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
	sum := sha256.Sum256([]byte(style))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.HasPrefix(policy, want) {
		t.Errorf("the policy is %q, want %q", policy, want)
	}
	return elements
}

// checkAttributes holds an element to the attributes that it may have, and gives the policy where it is that of the page.
func checkAttributes(t *testing.T, token html.Token) (policy string) {
	t.Helper()
	names, known := allowed[token.Data]
	if !known {
		t.Fatalf("an element %s", token.Data)
	}
	for _, a := range token.Attr {
		if !slices.Contains(names, a.Key) || a.Key == "href" && !strings.HasPrefix(a.Val, "#step-") && !strings.HasPrefix(a.Val, "#undo-") {
			t.Errorf("<%s %s=%q>", token.Data, a.Key, a.Val)
		}
		if token.Data == "meta" && strings.Contains(a.Val, "default-src") {
			policy = a.Val
		}
	}
	if token.Data == "th" && (len(token.Attr) == 0 || token.Attr[0].Key != "scope") {
		t.Error("a header of a table without its scope")
	}
	return policy
}

// checkHeading holds a heading against the level of the one before it, and gives its own.
func checkHeading(t *testing.T, element string, level int) int {
	t.Helper()
	if len(element) != 2 || element[0] != 'h' || element[1] < '1' || element[1] > '6' {
		return level
	}
	next := int(element[1] - '0')
	if next > level+1 {
		t.Errorf("%s after a heading of level %d", element, level)
	}
	return next
}

// TestColourMeansNothingAlone: beside each colour there is a word.
func TestColourMeansNothingAlone(t *testing.T) {
	got := written(t, "html", recorded(t, everything()...).Run(nil))
	for _, want := range []string{
		`<span class="bad"><span aria-hidden="true">✗</span> failed</span>`, `<span class="warn"><span aria-hidden="true">!</span> warned</span>`,
		`<span class="none"><span aria-hidden="true">⊘</span> blocked</span>`, `<td class="bad">✗ does not hold</td>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not there", want)
		}
	}
}
