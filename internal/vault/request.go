package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/e82355ed/runbook/engine/provider/neterr"
)

// maxAnswer bounds what is read of an answer, in bytes. The server refuses requests above 32 MiB, and secrets are small.
const maxAnswer = 4 << 20

// maxRedirects is how often a server may point elsewhere: a standby points to the active one.
const maxRedirects = 2

// get asks for a path of the interface. The status is zero where the server gave none. Where the answer holds data, it is
// decoded in spite of an error.
func (c *client) get(ctx context.Context, path string, into any) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath("v1", path).String(), nil)
	if err != nil {
		return 0, errors.New("its path makes no URL")
	}
	r.Header.Set("X-Vault-Token", c.token)
	r.Header.Set("X-Vault-Request", "true") // agents can demand it, against forged requests
	if c.namespace != "" {
		r.Header.Set("X-Vault-Namespace", c.namespace)
	}
	httpClient := &http.Client{Transport: c.transport, CheckRedirect: checkRedirect}
	answer, err := httpClient.Do(r)
	if err != nil {
		return 0, neterr.Explain(ctx, err, "waiting for the answer")
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return answer.StatusCode, neterr.Explain(ctx, err, "reading the answer")
	}
	if len(body) > maxAnswer {
		return answer.StatusCode, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	damage := json.Unmarshal(body, into)
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, c.refusal(answer.StatusCode, body)
	}
	if damage != nil {
		return answer.StatusCode, errors.New("the answer is not the JSON of a Vault server; does VAULT_ADDR point at one?")
	}
	return answer.StatusCode, nil
}

// checkRedirect follows a standby to the active server, and takes the token to no unencrypted place.
func checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return errors.New("the server points from one place to the next")
	case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("the server points to an unencrypted place, where the token is not sent")
	}
	return nil
}

// advice says for a status what to do.
var advice = map[int]string{
	http.StatusForbidden:           "The token may not read it, or is no longer valid: check it with \"vault token lookup\" and its policies.",
	http.StatusBadRequest:          "Check VAULT_NAMESPACE and the path.",
	http.StatusTooManyRequests:     "The server limits requests; try again later.",
	http.StatusServiceUnavailable:  "If it is sealed, have somebody unseal it.",
	http.StatusPreconditionFailed:  "The server has not caught up with a recent change; try again.",
	http.StatusNotImplemented:      "It has not been initialized.",
	http.StatusInternalServerError: "The server's log says more.",
}

// refusal is an answer that is none: the status, what the server says about it, and what to do.
func (c *client) refusal(status int, body []byte) error {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	var answer struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		said := strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " ")
		text += ": " + strings.TrimSuffix(cut(said), ".")
	}
	if c.namespace != "" {
		text += fmt.Sprintf(" (namespace %s)", c.namespace)
	}
	if hint := advice[status]; hint != "" {
		text += ". " + hint
	}
	return errors.New(text)
}

// cut shortens a text that somebody else wrote.
func cut(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
