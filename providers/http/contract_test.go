package http

import (
	"os"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func str(s string) cty.Value { return cty.StringVal(s) }

var clock = []string{"latency_ms", "timing", "headers"}

func TestContract(t *testing.T) {
	api, site := providertest.Lab(t, "LAB_API_URL"), providertest.Lab(t, "LAB_SITE_URL")
	selfSigned, ca := providertest.Lab(t, "LAB_SELF_SIGNED_ADDRESS"), providertest.Lab(t, "LAB_CA_FILE")
	password, expired := providertest.Lab(t, "LAB_API_PASSWORD"), providertest.Lab(t, "LAB_EXPIRED_ADDRESS")
	token, err := os.ReadFile(providertest.Lab(t, "LAB_API_TOKEN_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(token))
	closed, silent := providertest.Closed(t), providertest.Silent(t)
	withToken := providertest.Values{"bearer_token": str(secret), "proxy": cty.NullVal(cty.String)}
	to := func(url string) providertest.Values { return providertest.Values{"url": str(url)} }

	providertest.Run(t, providertest.Suite{
		Provider: New(), Secrets: []string{secret, password, "pa55-in-url"}, Config: withToken,
		Cases: []providertest.Case{
			{Kind: providertest.Happy, Action: "http_request", Args: to(api + "/health"), Volatile: clock,
				Check: func(t *testing.T, r *provider.Result) {
					v := r.Value
					equal(t, v.GetAttr("status_code"), cty.NumberIntVal(200))
					equal(t, v.GetAttr("json").GetAttr("status"), str("healthy"))
					equal(t, v.GetAttr("headers").Index(str("content-type")), str("application/json"))
					equal(t, v.GetAttr("url"), str(api+"/health"))
					equal(t, v.GetAttr("remote_address"), str(strings.TrimPrefix(api, "http://")))
					if !strings.HasPrefix(r.Summary, "200 OK, ") {
						t.Errorf("the summary is %q", r.Summary)
					}
				}},
			{Kind: providertest.Happy, Name: "token", Action: "http_request", Args: to(api + "/private"), Volatile: clock},
			{Kind: providertest.Happy, Name: "password", Action: "http_request", Args: to(api + "/private"), Volatile: clock,
				Config: providertest.Values{"basic_auth": cty.ObjectVal(map[string]cty.Value{
					"username": str(providertest.Lab(t, "LAB_API_USER")), "password": str(password)})}},
			{Kind: providertest.Happy, Name: "tls", Action: "http_request", Args: to(site + "/health"), Volatile: clock,
				Config: providertest.Values{"ca_file": str(ca)}},
			{Kind: providertest.Happy, Name: "base", Action: "http_request", Args: to("/health"), Volatile: clock,
				Config: providertest.Values{"base_url": str(api)}},
			{Kind: providertest.Happy, Name: "post", Action: "http_request", Volatile: clock,
				Args: providertest.Values{"url": str(api + "/admin/cache/warmup"), "method": str("POST")}},
			{Kind: providertest.Happy, Name: "redirect", Action: "http_request", Args: to(api + "/redirect"), Volatile: clock,
				Check: func(t *testing.T, r *provider.Result) { equal(t, r.Value.GetAttr("url"), str(api+"/health")) }},
			{Kind: providertest.Happy, Name: "no redirect", Action: "http_request", Volatile: clock,
				Args: providertest.Values{"url": str(api + "/redirect"), "follow_redirects": cty.False},
				Check: func(t *testing.T, r *provider.Result) {
					equal(t, r.Value.GetAttr("status_code"), cty.NumberIntVal(302))
				}},
			{Kind: providertest.Happy, Name: "bad status", Action: "http_request", Args: to(api + "/fail"), Volatile: clock,
				Failure: "Status 500 Internal Server Error from GET " + api + "/fail, expected below 400.\n{\"code\":\"E_BACKEND\""},
			{Kind: providertest.Happy, Name: "unauthorized", Action: "http_request", Args: to(api + "/private"), Volatile: clock,
				Config: providertest.Values{}, Failure: "Status 401 Unauthorized from GET " + api + "/private, expected below 400."},
			{Kind: providertest.Happy, Name: "expected status", Action: "http_request", Volatile: clock,
				Args: providertest.Values{"url": str(api + "/status/503"),
					"expected_status": cty.ListVal([]cty.Value{cty.NumberIntVal(502), cty.NumberIntVal(503)})}},
			{Kind: providertest.Happy, Name: "other status", Action: "http_request", Volatile: clock,
				Args: providertest.Values{"url": str(api + "/health"),
					"expected_status": cty.ListVal([]cty.Value{cty.NumberIntVal(201), cty.NumberIntVal(204)})},
				Failure: "Status 200 OK from GET " + api + "/health, expected 201, 204."},
			{Kind: providertest.Unreachable, Action: "http_request", Endpoint: "http://" + closed,
				Args: to("http://ops:pa55-in-url@" + closed + "/x?key=pa55-in-url"), Words: []string{"connection refused", "GET /x"}},
			{Kind: providertest.Unreachable, Name: "no such host", Action: "http_request", Endpoint: "https://nowhere.invalid",
				Args: to("https://nowhere.invalid/"), Words: []string{"nowhere.invalid"}},
			{Kind: providertest.Refused, Action: "http_request", Endpoint: "https://" + selfSigned,
				Args: to("https://" + selfSigned + "/"), Words: []string{"certificate not trusted", "unknown authority", "ca_file"}},
			{Kind: providertest.Refused, Name: "not TLS", Action: "http_request", Endpoint: strings.Replace(api, "http:", "https:", 1),
				Args: to(strings.Replace(api, "http:", "https:", 1)), Words: []string{"plain HTTP"}},
			{Kind: providertest.Refused, Name: "expired", Action: "http_request", Endpoint: "https://" + expired,
				Config: providertest.Values{"ca_file": str(ca)}, Args: to("https://" + expired + "/"), Words: []string{"expired"}},
			{Kind: providertest.Timeout, Action: "http_request", Endpoint: "http://" + silent,
				Args: to("http://" + silent), Words: []string{"timed out while waiting for the answer"}},
			{Kind: providertest.Timeout, Name: "slow", Action: "http_request", Endpoint: api, Args: to(api + "/slow?ms=60000")},
			{Kind: providertest.Timeout, Name: "handshake", Action: "http_request", Endpoint: "https://" + silent,
				Args: to("https://" + silent), Words: []string{"timed out while in the TLS handshake"}},
			{Kind: providertest.Cancelled, Action: "http_request", Endpoint: "http://" + silent,
				Args: to("http://" + silent), Words: []string{"interrupted while waiting for the answer"}},
			{Kind: providertest.Bounded, Action: "http_request",
				Args: providertest.Values{"url": str(api + "/bytes?n=5000000"), "max_body_bytes": cty.NumberIntVal(1000)},
				Check: func(t *testing.T, r *provider.Result) {
					if n := len(r.Value.GetAttr("body").AsString()); n != 1000 {
						t.Errorf("the body has %d bytes", n)
					}
				}},
		},
	})
}

func equal(t *testing.T, got, want cty.Value) {
	t.Helper()
	if !got.RawEquals(want) {
		t.Errorf("got %#v, expected %#v", got, want)
	}
}
