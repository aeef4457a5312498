package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/readable"
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
	pem, err := ReadFile(path)
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
	cert, err := ReadFile(Path(dir, certFile))
	if err != nil {
		return nil, fmt.Errorf("read client_cert_file: %w", err)
	}
	key, err := ReadFile(Path(dir, keyFile))
	if err != nil {
		return nil, fmt.Errorf("read client_key_file: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

// maxFileBytes is more than any system's bundle of authorities.
const maxFileBytes = 16 << 20

// ReadFile reads a file of certificates or keys. What is no regular file, or is too long for one, is an error: a pipe
// would hold the step beyond its timeout, a device might never end.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &os.PathError{Op: "open", Path: path, Err: reason(err)}
	case info.IsDir():
		return nil, &os.PathError{Op: "read", Path: path, Err: errors.New("it is a folder")}
	case !info.Mode().IsRegular():
		return nil, &os.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	case info.Size() > maxFileBytes:
		return nil, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is longer than %d MiB", maxFileBytes>>20)}
	}
	if err := readable.Check(path); err != nil {
		return nil, &os.PathError{Op: "read", Path: path, Err: err}
	}
	return os.ReadFile(path)
}

// reason is an error of the system without the path that it repeats.
func reason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// Path is name, from dir where it is relative; an empty name stays empty.
func Path(dir, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
