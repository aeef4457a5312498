package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

// Read gives a field of a secret, named "PATH#FIELD" with the path as "vault kv get PATH" takes it: the engine's mount
// first, and no "data/" in it. A field that is no string is given as JSON.
//
// The environment says where: VAULT_ADDR, VAULT_TOKEN (else ~/.vault-token), VAULT_NAMESPACE, VAULT_CACERT. Errors name
// the server and the path, and never the token.
func Read(ctx context.Context, host provider.Host, name string) (string, error) {
	path, field, _ := strings.Cut(name, "#")
	path = strings.Trim(path, "/")
	c, err := connect(host)
	if err != nil {
		return "", fmt.Errorf("read the secret %s: %w", path, err)
	}
	defer c.transport.CloseIdleConnections()
	value, err := c.read(ctx, path, field)
	if err != nil {
		return "", fmt.Errorf("read the secret %s from %s: %w", path, c.shown, c.hide(err))
	}
	return value, nil
}

// client speaks to one server.
type client struct {
	base      *url.URL
	shown     string // the server's URL without credentials
	token     string
	namespace string
	transport *httpclient.Pool
}

func connect(host provider.Host) (*client, error) {
	address := host.Getenv("VAULT_ADDR")
	if address == "" {
		return nil, errors.New("VAULT_ADDR is not set; set it to the server's URL, like https://vault.example.com:8200")
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		// The text may hold a password.
		return nil, errors.New("VAULT_ADDR is not a URL like https://vault.example.com:8200")
	}
	token, err := findToken(host)
	if err != nil {
		return nil, err
	}
	transport, err := httpclient.Transport(host, httpclient.Options{CAFile: host.Getenv("VAULT_CACERT")})
	if err != nil {
		return nil, fmt.Errorf("VAULT_CACERT: %w", err)
	}
	return &client{
		base: base, shown: httpclient.Origin(base), token: token, namespace: host.Getenv("VAULT_NAMESPACE"), transport: transport,
	}, nil
}

// findToken is VAULT_TOKEN, else what "vault login" left.
func findToken(host provider.Host) (string, error) {
	token, from := host.Getenv("VAULT_TOKEN"), "VAULT_TOKEN"
	if token == "" && host.HomeDir != "" {
		from = filepath.Join(host.HomeDir, ".vault-token")
		text, err := os.ReadFile(from)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("read the token: %w", err)
		}
		token = string(text)
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", errors.New("there is no token: set VAULT_TOKEN, or log in with \"vault login\"")
	case !httpguts.ValidHeaderFieldValue(token):
		return "", fmt.Errorf("%s holds a character that a token can't have", from)
	}
	return token, nil
}

// hide takes the token out of an error, should the server have sent it back.
func (c *client) hide(err error) error {
	if text := err.Error(); strings.Contains(text, c.token) {
		return errors.New(strings.ReplaceAll(text, c.token, "(sensitive)"))
	}
	return err
}

// secret is the server's answer; in version 2, Data holds data and metadata again.
type secret struct {
	Data map[string]json.RawMessage `json:"data"`
}

func (c *client) read(ctx context.Context, path, field string) (string, error) {
	m, err := c.mountOf(ctx, path)
	if err != nil {
		return "", err
	}
	var answer secret
	status, err := c.get(ctx, m.api(path), &answer)
	fields := answer.Data
	if m.version == 2 && fields != nil {
		if damage := json.Unmarshal(fields["data"], &fields); damage != nil && err == nil {
			return "", m.noAnswer()
		}
	}
	switch {
	case status == http.StatusNotFound:
		return "", m.missing(path, answer.Data)
	case err != nil:
		return "", err
	case fields == nil:
		return "", m.noAnswer()
	}
	raw, ok := fields[field]
	if !ok {
		return "", fmt.Errorf("it has no field %q; its fields: %s", field, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	var text string
	if raw[0] == '"' {
		err = json.Unmarshal(raw, &text)
		return text, err
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, raw)
	return compact.String(), err
}
