package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/provider/neterr"
)

type certificateResult struct {
	Subject            string    `rb:"subject" doc:"Whom it names, as RFC 2253 writes it."`
	Issuer             string    `rb:"issuer" doc:"Who signed it."`
	DNSNames           []string  `rb:"dns_names" doc:"Host names that it is for, in its order."`
	Serial             string    `rb:"serial" doc:"Serial number in hexadecimal."`
	NotBefore          time.Time `rb:"not_before_at" doc:"When it begins to be valid."`
	NotAfter           time.Time `rb:"not_after_at" doc:"When it ends."`
	ExpiresInDays      int       `rb:"expires_in_days" doc:"Whole days until it ends, rounded down; negative after its end."`
	Verified           bool      `rb:"verified" doc:"Whether chain, dates and host name are as a client demands."`
	VerifyError        *string   `rb:"verify_error" doc:"Why it does not verify; null when it does."`
	SelfSigned         bool      `rb:"self_signed" doc:"Whether it is signed with its own key."`
	KeyType            string    `rb:"key_type" doc:"Kind of key, such as RSA, ECDSA or Ed25519."`
	KeyBits            *int      `rb:"key_bits" doc:"Size of the key; null for a kind of key that is not known here."`
	SignatureAlgorithm string    `rb:"signature_algorithm" doc:"How it is signed, such as SHA256-RSA."`
	Fingerprint        string    `rb:"fingerprint_sha256" doc:"SHA-256 of the certificate, in pairs with colons."`
	Protocol           *string   `rb:"protocol" doc:"Version that was agreed on, such as TLS 1.3; null for a file."`
	CipherSuite        *string   `rb:"cipher_suite" doc:"Cipher suite that was agreed on; null for a file."`
	Chain              []link    `rb:"chain" doc:"All certificates that were shown, the server's own first."`
}

type link struct {
	Subject  string    `rb:"subject" doc:"Whom it names."`
	Issuer   string    `rb:"issuer" doc:"Who signed it."`
	NotAfter time.Time `rb:"not_after_at" doc:"When it ends."`
}

func describe(p *peer, roots *x509.CertPool, now time.Time) *certificateResult {
	leaf := p.chain[0]
	r := &certificateResult{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), DNSNames: leaf.DNSNames,
		Serial:    fmt.Sprintf("%X", leaf.SerialNumber.Bytes()),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		ExpiresInDays:      int(math.Floor(leaf.NotAfter.Sub(now).Hours() / 24)),
		SelfSigned:         selfSigned(leaf),
		KeyType:            leaf.PublicKeyAlgorithm.String(),
		KeyBits:            keyBits(leaf.PublicKey),
		SignatureAlgorithm: leaf.SignatureAlgorithm.String(),
		Fingerprint:        fingerprint(leaf.Raw),
	}
	for _, c := range p.chain {
		r.Chain = append(r.Chain, link{c.Subject.String(), c.Issuer.String(), c.NotAfter})
	}
	if p.state != nil {
		protocol, suite := tls.VersionName(p.state.Version), tls.CipherSuiteName(p.state.CipherSuite)
		r.Protocol, r.CipherSuite = &protocol, &suite
	}
	if err := verify(p, roots, now); err != nil {
		text := strings.TrimPrefix(neterr.Text(err), "x509: ")
		r.VerifyError = &text
	}
	r.Verified = r.VerifyError == nil
	return r
}

// verify is what a client does before it trusts a server.
func verify(p *peer, roots *x509.CertPool, now time.Time) error {
	intermediates := x509.NewCertPool()
	for _, c := range p.chain[1:] {
		intermediates.AddCert(c)
	}
	_, err := p.chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, DNSName: p.name, CurrentTime: now,
	})
	return err
}

// selfSigned looks at the names first, then at the signature; CheckSignatureFrom would also demand an authority.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) &&
		c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func keyBits(key any) *int {
	var bits int
	switch key := key.(type) {
	case *rsa.PublicKey:
		bits = key.N.BitLen()
	case *ecdsa.PublicKey:
		bits = key.Curve.Params().BitSize
	case ed25519.PublicKey:
		bits = 8 * len(key)
	default:
		return nil
	}
	return &bits
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

func summarize(r *certificateResult) string {
	text := fmt.Sprintf("%d days left", r.ExpiresInDays)
	switch {
	case r.ExpiresInDays == 1:
		text = "1 day left"
	case r.ExpiresInDays < 0:
		text = "expired on " + r.NotAfter.UTC().Format(time.DateOnly)
	}
	if r.VerifyError != nil {
		return text + ", not verified: " + strings.ReplaceAll(*r.VerifyError, "\n", " ")
	}
	return text + ", verified"
}
