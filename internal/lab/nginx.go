package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"os"
	"os/user"
	"text/template"
)

//go:embed config/nginx.conf
var nginxConfig string

var nginxTemplate = template.Must(template.New("nginx.conf").Parse(nginxConfig))

// site is a TLS server in front of the API.
type site struct {
	// port is its name in portOwners.
	port        string
	Address     string
	Certificate string
}

// nginxUp runs one TLS server for each kind of certificate: good, close to its end, past it, and self-signed.
func (l *Lab) nginxUp(ctx context.Context) (outcome, error) {
	server, err := find("nginx")
	if err != nil {
		return outcome{}, err
	}
	var sites []site
	inputs := []string{l.path("data", "nginx", "nginx.conf")}
	for _, name := range []string{"site", "expiring", "expired", "self-signed"} {
		certificate := l.path("certs", name)
		sites = append(sites, site{port: name, Address: l.address(name), Certificate: certificate})
		inputs = append(inputs, certificate+".crt")
	}
	if err := l.nginxConfigure(inputs[0], sites); err != nil {
		return outcome{}, err
	}
	started, err := l.ensure(ctx, command{
		name: "nginx", path: server, inputs: inputs,
		args: []string{"-p", l.path("data", "nginx"), "-e", "stderr", "-c", inputs[0]},
	})
	if err != nil {
		return outcome{}, err
	}
	err = l.await(ctx, func(ctx context.Context) error { return answerTLS(ctx, sites) }, "nginx")
	return outcome{started: started, detail: "https://" + l.address("site") + " as " + siteName}, err
}

func (l *Lab) nginxConfigure(path string, sites []site) error {
	owner := "" // of the workers; only root may choose
	if os.Geteuid() == 0 {
		root, err := user.LookupId("0")
		if err != nil {
			return fmt.Errorf("look up the user of the workers: %w", err)
		}
		owner = root.Username
	}
	var content bytes.Buffer
	err := nginxTemplate.Execute(&content, map[string]any{
		"User": owner, "Dir": l.path("data", "nginx"), "Sites": sites, "ServerName": siteName, "API": l.address("api"),
	})
	if err != nil {
		return fmt.Errorf("render the server's configuration: %w", err)
	}
	if err := writeFile(path, content.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the server's configuration: %w", err)
	}
	return nil
}

// answerTLS completes a handshake with every site. What the certificates are worth is for the tests to judge.
func answerTLS(ctx context.Context, sites []site) error {
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: siteName}}
	for _, s := range sites {
		connection, err := dialer.DialContext(ctx, "tcp", s.Address)
		if err != nil {
			return fmt.Errorf("%s: %w", s.port, err)
		}
		if err := connection.Close(); err != nil {
			return fmt.Errorf("%s: %w", s.port, err)
		}
	}
	return nil
}
