package tls

import (
	"context"

	"github.com/e82355ed/runbook/engine/provider"
)

// config is empty: what to trust is said by the step, or by SSL_CERT_FILE.
type config struct{}

// client keeps nothing: every look is a connection of its own.
type client struct{}

// New declares the provider.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name: "tls", Doc: "Certificates of TLS servers and in files.",
		Open:    func(context.Context, provider.Open[config]) (*client, error) { return &client{}, nil },
		Actions: []provider.Action{certificate()},
	})
}
