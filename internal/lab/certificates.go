package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// siteName is the name in the certificates of nginx, besides localhost.
const siteName = "intelligent-agent.lab"

const day = 24 * time.Hour

// certificate describes what is made under certs/NAME.crt and certs/NAME.key.
type certificate struct {
	name    string
	subject pkix.Name
	// from and until are relative to now.
	from, until time.Duration
	dnsNames    []string
	ca          bool
	selfSigned  bool
}

// certificates lists the lab's public key infrastructure, the authority first.
var certificates = []certificate{
	{name: "ca", subject: pkix.Name{CommonName: "runbook lab CA"}, until: 365 * day, ca: true, selfSigned: true},
	{name: "site", subject: pkix.Name{CommonName: siteName}, until: 90 * day, dnsNames: []string{siteName, "localhost"}},
	{name: "expiring", subject: pkix.Name{CommonName: siteName}, until: 10 * day, dnsNames: []string{siteName, "localhost"}},
	{name: "expired", subject: pkix.Name{CommonName: siteName}, from: -30 * day, until: -day, dnsNames: []string{siteName, "localhost"}},
	{name: "self-signed", subject: pkix.Name{CommonName: siteName}, until: 90 * day, dnsNames: []string{siteName, "localhost"}, selfSigned: true},
	{name: "postgres", subject: pkix.Name{CommonName: "localhost"}, until: 90 * day, dnsNames: []string{"localhost"}},
	{name: "kube-apiserver", subject: pkix.Name{CommonName: "kube-apiserver"}, until: 365 * day, dnsNames: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}},
	{name: "front-proxy", subject: pkix.Name{CommonName: "front-proxy-client"}, until: 365 * day},
	{name: "kubelet", subject: pkix.Name{CommonName: "kubelet"}, until: 365 * day, dnsNames: []string{"localhost"}},
	{name: "metrics-server", subject: pkix.Name{CommonName: "metrics-server"}, until: 365 * day, dnsNames: []string{"localhost", "metrics-server.kube-system.svc"}},
	{name: "service-account", subject: pkix.Name{CommonName: "service-account"}, until: 365 * day},
}

// makeCertificates makes what is missing. Those that age are made anew a day before a test could notice.
func (l *Lab) makeCertificates() error {
	if l.certificatesFresh() {
		return nil
	}
	authority, err := issue(certificates[0], nil)
	if err != nil {
		return err
	}
	for _, c := range certificates {
		issued := authority
		if !c.ca {
			if issued, err = issue(c, authority); err != nil {
				return err
			}
		}
		if err := issued.write(l.path("certs", c.name)); err != nil {
			return fmt.Errorf("write the certificate %s: %w", c.name, err)
		}
	}
	return nil
}

// certificatesFresh looks at the age of the site's certificate, which is made with all others: within a day, the rest
// of its life and of the expiring one is still what the tests expect.
func (l *Lab) certificatesFresh() bool {
	for _, c := range certificates {
		if _, err := os.Stat(l.path("certs", c.name+".crt")); err != nil {
			return false
		}
	}
	content, err := os.ReadFile(l.path("certs", "site.crt"))
	if err != nil {
		return false
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return false
	}
	site, err := x509.ParseCertificate(block.Bytes)
	return err == nil && time.Until(site.NotAfter) > 89*day
}

// issued is a certificate with its key.
type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue signs a certificate with the authority, or with its own key.
func issue(c certificate, authority *issued) (*issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of %s: %w", c.name, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make the serial number of %s: %w", c.name, err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: c.subject,
		// A minute back, for clocks that differ.
		NotBefore: now.Add(c.from - time.Minute), NotAfter: now.Add(c.until),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    c.dnsNames, BasicConstraintsValid: true, IsCA: c.ca,
	}
	if len(c.dnsNames) > 0 {
		template.IPAddresses = []net.IP{net.ParseIP(loopback)}
	}
	if c.ca {
		template.KeyUsage |= x509.KeyUsageCertSign
	}
	parent, signer := template, key
	if !c.selfSigned {
		parent, signer = authority.certificate, authority.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", c.name, err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back the certificate of %s: %w", c.name, err)
	}
	return &issued{certificate: signed, key: key}, nil
}

// write stores both as PEM, the key for the owner only.
func (i *issued) write(base string) error {
	key, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw})
	if err := writeFile(base+".crt", certificate, 0o644); err != nil {
		return err
	}
	return writeFile(base+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)
}
