package lab

import (
	"context"
	"fmt"
	"net/http"
)

// apiUser may see the API's private path with the password in the env file.
const apiUser = "operator"

// demoAPIUp runs labctl itself as the API. The program is one of its inputs: a rebuilt one replaces the running one.
func (l *Lab) demoAPIUp(ctx context.Context) (outcome, error) {
	token := l.path("api-token")
	if err := writeFile(token, []byte(l.state.Secrets["api-token"]+"\n"), 0o600); err != nil {
		return outcome{}, fmt.Errorf("write the API's token: %w", err)
	}
	started, err := l.ensure(ctx, command{
		name: "demo-api", path: l.Labctl, inputs: []string{l.Labctl, token},
		args: []string{"serve-api", "--address", l.address("api"), "--token-file", token, "--user", apiUser},
		env:  []string{"LAB_API_PASSWORD=" + l.state.Secrets["api-password"]},
	})
	if err != nil {
		return outcome{}, err
	}
	url := "http://" + l.address("api")
	err = l.await(ctx, func(ctx context.Context) error { return answerHTTP(ctx, http.DefaultClient, url+"/health") }, "demo-api")
	return outcome{started: started, detail: url}, err
}

// answerHTTP wants a 200.
func answerHTTP(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return nil
}
