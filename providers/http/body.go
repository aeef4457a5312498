package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	nethttp "net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

// userAgent tells a server's log who asked.
const userAgent = "runbook"

// maxBodyBytes is the most that an author may ask for: it is held in memory.
const maxBodyBytes = 1 << 30

// detailBytes bounds the part of a body that a failure shows.
const detailBytes = 1024

// prepare builds the request.
func (c *client) prepare(ctx context.Context, method string, u *url.URL, in *provider.In[*client, requestArgs]) (*nethttp.Request, error) {
	args := in.Args
	if err := httpclient.CheckHeaders(args.Headers); err != nil {
		return nil, err
	}
	if args.MaxBodyBytes < 0 || args.MaxBodyBytes > maxBodyBytes {
		return nil, fmt.Errorf("max_body_bytes is %d, expected 0 to %d", args.MaxBodyBytes, maxBodyBytes)
	}
	if len(args.Query) > 0 {
		query := u.Query()
		for name, value := range args.Query {
			query.Set(name, value)
		}
		u.RawQuery = query.Encode()
	}
	body, contentType, err := content(in)
	if err != nil {
		return nil, err
	}
	r, err := nethttp.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", userAgent)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.base == nil || httpclient.Origin(c.base) == httpclient.Origin(u) {
		c.credentials.Apply(r)
	}
	httpclient.SetHeaders(r, args.Headers)
	return r, nil
}

// content is the body of the request and its type; nil where there is none.
func content(in *provider.In[*client, requestArgs]) (io.Reader, string, error) {
	switch {
	case in.Set("json"):
		text, err := ctyjson.Marshal(in.Args.JSON, in.Args.JSON.Type())
		if err != nil {
			return nil, "", fmt.Errorf("json can't be written as JSON: %w", err)
		}
		return bytes.NewReader(text), "application/json", nil
	case in.Set("form"):
		form := url.Values{}
		for name, value := range in.Args.Form {
			form.Set(name, value)
		}
		return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded", nil
	case in.Set("body"):
		return strings.NewReader(in.Args.Body), "", nil
	}
	return nil, "", nil
}

// read takes the answer in, up to the bound.
func read(answer *nethttp.Response, bound int64, host provider.Host, warn func(string, ...any)) (*requestResult, error) {
	body, err := readBounded(answer, bound)
	if err != nil {
		return nil, err
	}
	r := &requestResult{
		StatusCode: answer.StatusCode, status: statusText(answer.StatusCode), URL: withoutUser(answer.Request.URL),
		Headers: make(map[string]string, len(answer.Header)),
	}
	r.asked = answer.Request.Method + " " + httpclient.Origin(answer.Request.URL) + answer.Request.URL.EscapedPath()
	for name, values := range answer.Header {
		r.Headers[strings.ToLower(name)] = valid(strings.Join(values, ", "))
	}
	if int64(len(body)) > bound {
		body, r.Truncated = cut(body, int(bound)), true
	}
	r.size = len(body)
	text := string(body)
	if r.Truncated {
		text = host.Cut(text)
	}
	r.Body = valid(text)
	r.JSON = decoded(answer.Header.Get("Content-Type"), body, r.Truncated, warn)
	return r, nil
}

// maxReserved bounds the memory that is taken on a server's word.
const maxReserved = 1 << 20

// readBounded gives up to one byte more than the bound, which tells that there is more.
func readBounded(answer *nethttp.Response, bound int64) ([]byte, error) {
	reserved := min(max(answer.ContentLength, 0), bound, maxReserved)
	buffer := bytes.NewBuffer(make([]byte, 0, reserved+bytes.MinRead))
	_, err := buffer.ReadFrom(io.LimitReader(answer.Body, bound+1))
	return buffer.Bytes(), err
}

// decoded is the body as a value when it is JSON by its type or by its looks.
func decoded(contentType string, body []byte, truncated bool, warn func(string, ...any)) cty.Value {
	none := cty.NullVal(cty.DynamicPseudoType)
	declared := isJSON(contentType)
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	looks := len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
	switch {
	case !declared && !looks, len(trimmed) == 0:
		return none
	case truncated:
		warn("json is null: the body is cut at max_body_bytes")
		return none
	}
	value, err := provider.FromJSON(body)
	if err != nil {
		if declared {
			warn("json is null: the answer says that it is JSON, and is not: %v", err)
		}
		return none
	}
	return value
}

func isJSON(contentType string) bool {
	if contentType == "application/json" { // the common case, without parsing
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// cut shortens text at a bound without splitting its last character.
func cut(text []byte, bound int) []byte {
	text = text[:bound]
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if last := text[len(text)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return text[:len(text)-i]
			}
			break
		}
	}
	return text
}

// valid replaces bytes that are not UTF-8: strings of the language are Unicode.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func start(body string) string {
	if len(body) <= detailBytes {
		return strings.TrimSpace(body)
	}
	return string(cut([]byte(body), detailBytes)) + " …"
}

func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, nethttp.StatusText(code)))
}

func withoutUser(u *url.URL) string {
	if u.User == nil {
		return u.String()
	}
	bare := *u
	bare.User = nil
	return bare.String()
}

// size is a number of bytes for a person.
func size(n int, truncated bool) string {
	text := fmt.Sprintf("%d bytes", n)
	for _, unit := range []struct {
		name string
		of   int
	}{{"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= unit.of {
			text = fmt.Sprintf("%.1f %s", float64(n)/float64(unit.of), unit.name)
			break
		}
	}
	if truncated {
		return "the first " + text
	}
	return text
}
