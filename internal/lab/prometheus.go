package lab

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"text/template"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

//go:embed config/prometheus.yml
var prometheusConfig string

//go:embed config/rules.yml
var prometheusRules []byte

var prometheusTemplate = template.Must(template.New("prometheus.yml").Parse(prometheusConfig))

// prometheusUp runs a server that scrapes itself and the API every second, and waits for the first results.
func (l *Lab) prometheusUp(ctx context.Context) (outcome, error) {
	server, err := find("prometheus")
	if err != nil {
		return outcome{}, err
	}
	var config bytes.Buffer
	err = prometheusTemplate.Execute(&config, map[string]string{"Prometheus": l.address("prometheus"), "API": l.address("api")})
	if err != nil {
		return outcome{}, fmt.Errorf("render the server's configuration: %w", err)
	}
	configPath, rulesPath := l.path("data", "prometheus", "prometheus.yml"), l.path("data", "prometheus", "rules.yml")
	for path, content := range map[string][]byte{configPath: config.Bytes(), rulesPath: prometheusRules} {
		if err := writeFile(path, content, 0o644); err != nil {
			return outcome{}, fmt.Errorf("write the server's configuration: %w", err)
		}
	}
	started, err := l.ensure(ctx, command{
		name: "prometheus", path: server, inputs: []string{configPath, rulesPath},
		args: []string{
			"--config.file=" + configPath, "--storage.tsdb.path=" + l.path("data", "prometheus", "tsdb"),
			"--storage.tsdb.retention.time=1d", "--web.listen-address=" + l.address("prometheus"), "--log.level=warn",
		},
	})
	if err != nil {
		return outcome{}, err
	}
	client, err := api.NewClient(api.Config{Address: "http://" + l.address("prometheus")})
	if err != nil {
		return outcome{}, fmt.Errorf("make a client: %w", err)
	}
	err = l.await(ctx, func(ctx context.Context) error { return scraped(ctx, v1.NewAPI(client)) }, "prometheus")
	return outcome{started: started, detail: "http://" + l.address("prometheus")}, err
}

// scraped wants what the runbooks will ask for: both targets up, a rate (which takes two scrapes), and evaluated rules.
func scraped(ctx context.Context, prometheus v1.API) error {
	for query, want := range map[string]int{
		"up == 1":                                 2,
		"rate(http_requests_total[1m])":           1,
		`ALERTS{alertname="Watchdog"}`:            1,
		"job:http_requests:rate1m":                1,
		"http_request_duration_seconds_count > 0": 1,
	} {
		value, _, _, err := prometheus.Query(ctx, query, time.Now())
		if err != nil {
			return fmt.Errorf("query %s: %w", query, err)
		}
		if vector, ok := value.(model.Vector); !ok || len(vector) < want {
			return fmt.Errorf("query %s: %d of %d series", query, len(vector), want)
		}
	}
	return nil
}
