package demoapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Config says where the API listens and who may see its private path.
type Config struct {
	Address string
	// Token and Password open /private: "Authorization: Bearer TOKEN", or basic authentication of User.
	Token, User, Password string
}

// Serve answers requests until ctx ends. It sends itself a few requests a second, so that its rates are never empty.
func Serve(ctx context.Context, config Config) error {
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return fmt.Errorf("listen for the demo API: %w", err)
	}
	server := &http.Server{Handler: newHandler(config), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	traffic := make(chan struct{})
	go func() {
		defer close(traffic)
		generateTraffic(ctx, "http://"+config.Address)
	}()
	select {
	case err = <-served:
	case <-ctx.Done():
		err = server.Close() // requests that wait on purpose would hold up an orderly shutdown
	}
	<-traffic
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the demo API: %w", err)
	}
	return nil
}

// generateTraffic is what the users of the API would do: mostly quick requests, none of them failing.
func generateTraffic(ctx context.Context, url string) {
	client := &http.Client{Timeout: 2 * time.Second}
	paths := []string{"/health", "/echo", "/health", "/slow?ms=20&counted=1", "/bytes?n=2048&counted=1"}
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+paths[n%len(paths)], nil)
		if err != nil {
			continue
		}
		if response, err := client.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}
}
