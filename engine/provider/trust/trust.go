package trust

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/e82355ed/runbook/engine/provider"
)

// Roots are the authorities of caFile, else those of SSL_CERT_FILE. Nil stands for the system's.
func Roots(host provider.Host, dir, caFile string) (*x509.CertPool, error) {
	path, from := Path(dir, caFile), "ca_file"
	if caFile == "" {
		path, from = host.Getenv("SSL_CERT_FILE"), "SSL_CERT_FILE"
	}
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", from, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read %s %s: there is no certificate in PEM form in it", from, path)
	}
	return pool, nil
}

// Own is the certificate that a client shows; nil where neither file is named.
func Own(dir, certFile, keyFile string) ([]tls.Certificate, error) {
	if certFile == "" && keyFile == "" {
		return nil, nil
	}
	if certFile == "" || keyFile == "" {
		return nil, fmt.Errorf("client_cert_file and client_key_file belong together; one of them is missing")
	}
	pair, err := tls.LoadX509KeyPair(Path(dir, certFile), Path(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("read the client certificate: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

// Path is name, from dir where it is relative; an empty name stays empty.
func Path(dir, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
