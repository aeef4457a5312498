package tls

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func str(s string) cty.Value { return cty.StringVal(s) }

// facts compares attributes of a result.
func facts(want providertest.Values) func(*testing.T, *provider.Result) {
	return func(t *testing.T, r *provider.Result) {
		for name, w := range want {
			if got := r.Value.GetAttr(name); !got.RawEquals(w) {
				t.Errorf("%s is %#v, expected %#v", name, got, w)
			}
		}
	}
}

// says expects texts in verify_error.
func says(words string) func(*testing.T, *provider.Result) {
	return func(t *testing.T, r *provider.Result) {
		if got := r.Value.GetAttr("verify_error").AsString(); !strings.Contains(got, words) {
			t.Errorf("verify_error is %q, expected %q", got, words)
		}
		if !strings.Contains(r.Summary, "not verified") {
			t.Errorf("the summary is %q", r.Summary)
		}
	}
}

func TestContract(t *testing.T) {
	site, ca := providertest.Lab(t, "LAB_SITE_ADDRESS"), providertest.Lab(t, "LAB_CA_FILE")
	database, api := providertest.Lab(t, "LAB_DATABASE_ADDRESS"), strings.TrimPrefix(providertest.Lab(t, "LAB_API_URL"), "http://")
	closed, silent := providertest.Closed(t), providertest.Silent(t)
	args := func(address string) providertest.Values {
		return providertest.Values{"address": str(address), "ca_file": str(ca)}
	}
	happy := func(name string, args providertest.Values, check func(*testing.T, *provider.Result)) providertest.Case {
		return providertest.Case{Kind: providertest.Happy, Name: name, Action: "tls_certificate", Args: args, Check: check}
	}
	providertest.Run(t, providertest.Suite{Provider: New(), Dir: filepath.Dir(ca), Cases: []providertest.Case{
		happy("good", args(site), facts(providertest.Values{
			"verified": cty.True, "verify_error": cty.NullVal(cty.String), "self_signed": cty.False,
			"subject": str("CN=" + providertest.Lab(t, "LAB_SITE_SERVER_NAME")), "issuer": str("CN=runbook lab CA"),
			"key_type": str("ECDSA"), "key_bits": cty.NumberIntVal(256), "protocol": str("TLS 1.3"),
			"signature_algorithm": str("ECDSA-SHA256"),
			"dns_names":           cty.ListVal([]cty.Value{str(providertest.Lab(t, "LAB_SITE_SERVER_NAME")), str("localhost")}),
		})),
		happy("unknown authority", providertest.Values{"address": str(site)}, says("unknown authority")),
		happy("other name", providertest.Values{"address": str(site), "ca_file": str(ca), "server_name": str("example.com")}, says("example.com")),
		happy("ten days", args(providertest.Lab(t, "LAB_EXPIRING_ADDRESS")), func(t *testing.T, r *provider.Result) {
			days, _ := r.Value.GetAttr("expires_in_days").AsBigFloat().Int64()
			if days < 8 || days > 10 || r.Value.GetAttr("verified").False() {
				t.Errorf("%d days left", days)
			}
		}),
		happy("expired", args(providertest.Lab(t, "LAB_EXPIRED_ADDRESS")), says("expired")),
		happy("self-signed", args(providertest.Lab(t, "LAB_SELF_SIGNED_ADDRESS")), facts(providertest.Values{"self_signed": cty.True, "verified": cty.False})),
		happy("starttls postgres", providertest.Values{"address": str(database), "ca_file": str(ca), "starttls": str("postgres")},
			facts(providertest.Values{"verified": cty.True, "subject": str("CN=localhost")})),
		happy("file", providertest.Values{"pem_file": str("site.crt"), "ca_file": str("ca.crt"), "server_name": str("localhost")},
			facts(providertest.Values{"verified": cty.True, "protocol": cty.NullVal(cty.String), "cipher_suite": cty.NullVal(cty.String)})),
		{Kind: providertest.Unreachable, Action: "tls_certificate", Args: args(closed), Endpoint: closed, Words: []string{"connection refused"}},
		{Kind: providertest.Unreachable, Name: "file", Action: "tls_certificate", Endpoint: "/nowhere/x.pem",
			Args: providertest.Values{"pem_file": str("/nowhere/x.pem")}, Words: []string{"no such file"}},
		{Kind: providertest.Refused, Action: "tls_certificate", Args: args(api), Endpoint: api, Words: []string{"does not speak TLS", "starttls"}},
		{Kind: providertest.Refused, Name: "key only", Action: "tls_certificate", Endpoint: "site.key",
			Args: providertest.Values{"pem_file": str("site.key")}, Words: []string{"no certificate"}},
		{Kind: providertest.Timeout, Action: "tls_certificate", Args: args(silent), Endpoint: silent, Words: []string{"timed out while in the TLS handshake"}},
		{Kind: providertest.Timeout, Name: "starttls", Action: "tls_certificate", Endpoint: silent, Words: []string{"timed out", "imap"},
			Args: providertest.Values{"address": str(silent), "starttls": str("imap")}},
		{Kind: providertest.Cancelled, Action: "tls_certificate", Args: args(silent), Endpoint: silent, Words: []string{"interrupted"}},
	}})
}

// A mail server of a few lines: each answer is given after one line of the client.
func dialogue(t *testing.T, config *tls.Config, greeting string, answers ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write([]byte(greeting))
		lines := bufio.NewReader(conn)
		for _, answer := range answers {
			if _, err := lines.ReadString('\n'); err != nil {
				return
			}
			_, _ = conn.Write([]byte(answer))
		}
		if config != nil {
			_ = tls.Server(conn, config).HandshakeContext(t.Context())
		}
	}()
	return listener.Addr().String()
}

func look(t *testing.T, attrs providertest.Values) (*provider.Result, error) {
	t.Helper()
	action := New().Action("tls_certificate")
	all := action.Spec().Args().Null().AsValueMap()
	for name, v := range attrs {
		all[name] = v
	}
	ctx := t.Context()
	return action.Run(ctx, &provider.Call{Client: &client{}, Args: cty.ObjectVal(all)})
}

func TestStartTLS(t *testing.T) {
	dir := filepath.Dir(providertest.Lab(t, "LAB_CA_FILE"))
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "site.crt"), filepath.Join(dir, "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	for name, test := range map[string]struct {
		protocol string
		config   *tls.Config
		greeting string
		answers  []string
		want     string
	}{
		"smtp":           {"smtp", config, "220-hello\r\n220 there\r\n", []string{"250-x\r\n250 STARTTLS\r\n", "220 go\r\n"}, ""},
		"imap":           {"imap", config, "* OK hello\r\n", []string{"* CAPABILITY x\r\na1 OK go\r\n"}, ""},
		"smtp refuses":   {"smtp", nil, "220 hi\r\n", []string{"250 x\r\n", "502 no such command\r\n"}, "no such command"},
		"smtp is busy":   {"smtp", nil, "421 too busy\r\n", nil, "too busy"},
		"imap refuses":   {"imap", nil, "* OK hi\r\n", []string{"a1 BAD no\r\n"}, "a1 BAD no"},
		"imap says bye":  {"imap", nil, "* BYE\r\n", nil, "* BYE"},
		"postgres plain": {"postgres", nil, "N", nil, "TLS switched off"},
		"not postgres":   {"postgres", nil, "HTTP/1.1", nil, "as no PostgreSQL does"},
		"closed":         {"smtp", nil, "", nil, "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "closed" {
				test.answers = nil
			}
			r, err := look(t, providertest.Values{
				"address": str(dialogue(t, test.config, test.greeting, test.answers...)), "starttls": str(test.protocol)})
			switch {
			case test.want == "" && err != nil:
				t.Fatal(err)
			case test.want == "":
				facts(providertest.Values{"protocol": str("TLS 1.3")})(t, r)
			case err == nil || !strings.Contains(err.Error(), test.want):
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

// A server that wants a certificate of the client shows its own before it says no.
func TestClientCertificateWanted(t *testing.T) {
	dir := filepath.Dir(providertest.Lab(t, "LAB_CA_FILE"))
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "site.crt"), filepath.Join(dir, "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	address := dialogue(t, &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12,
	}, "")
	r, err := look(t, providertest.Values{"address": str(address)})
	if err != nil {
		t.Fatal(err)
	}
	facts(providertest.Values{"protocol": cty.NullVal(cty.String), "issuer": str("CN=runbook lab CA")})(t, r)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "broke the handshake off") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestDaysAreRoundedDown(t *testing.T) {
	p, err := readFile(filepath.Join(filepath.Dir(providertest.Lab(t, "LAB_CA_FILE")), "site.crt"), "")
	if err != nil {
		t.Fatal(err)
	}
	end := p.chain[0].NotAfter
	for before, want := range map[time.Duration]int{
		24 * time.Hour: 1, 36 * time.Hour: 1, time.Hour: 0, -time.Second: -1, -25 * time.Hour: -2,
	} {
		if got := describe(p, x509.NewCertPool(), end.Add(-before)); got.ExpiresInDays != want {
			t.Errorf("%s before the end: %d days, expected %d", before, got.ExpiresInDays, want)
		}
	}
}

func TestChainOfAFile(t *testing.T) {
	dir := filepath.Dir(providertest.Lab(t, "LAB_CA_FILE"))
	var all []byte
	for _, name := range []string{"site.key", "site.crt", "ca.crt"} {
		part, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part...)
	}
	path := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := look(t, providertest.Values{"pem_file": str(path)})
	if err != nil {
		t.Fatal(err)
	}
	chain := r.Value.GetAttr("chain").AsValueSlice()
	if len(chain) != 2 || chain[1].GetAttr("subject").AsString() != "CN=runbook lab CA" {
		t.Errorf("the chain is %#v", chain)
	}
}
