package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// site is a TLS server, the name to ask it for, and the file of the authority that vouches for it.
type site struct{ address, name, caFile string }

// leastDays is how long a certificate must still be valid.
const leastDays = 7

func checkCertificate(ctx context.Context, s site) error {
	pem, err := os.ReadFile(s.caFile)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("certificate: no authority in %s", s.caFile)
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: s.name}}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing was sent that could be lost
	over, ok := conn.(*tls.Conn)
	if !ok {
		return errors.New("certificate: the connection is not TLS")
	}
	leaf := over.ConnectionState().PeerCertificates[0]
	if days := time.Until(leaf.NotAfter).Hours() / 24; days <= leastDays {
		return fmt.Errorf("certificate: it ends in %.0f days", days)
	}
	return nil
}

// fullAt is the used share of the disk, in percent as df counts it, that is too much.
const fullAt = 80

func checkDisk(path string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	used := s.Blocks - s.Bfree
	if percent := float64(used) / float64(used+s.Bavail) * 100; percent >= fullAt {
		return fmt.Errorf("disk: %.0f %% of %s is used", percent, path)
	}
	return nil
}
