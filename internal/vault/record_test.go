package vault

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The answers in testdata are a real server's: Vault 1.21.4 with an engine of each version. To record them anew, start a
// server of which nothing is needed any more (the last answer is that of a sealed one) and run
//
//	go test ./internal/vault -run TestRead -record http://127.0.0.1:8200 -root TOKEN
var (
	record = flag.String("record", "", "URL of a real server, whose answers are recorded")
	root   = flag.String("root", "", "its root token")
)

var answersFile = filepath.Join("testdata", "answers.json")

// answer is what a server said to a request.
type answer struct {
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// tokenOf is the token of a kind of user, as the replay knows it.
func tokenOf(user string) string { return token + "-" + user }

// recorded is a server that answers as the real one did.
func recorded(t *testing.T) *httptest.Server {
	t.Helper()
	if *record != "" {
		recordAnswers(t)
	}
	text, err := os.ReadFile(answersFile)
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]answer
	if err := json.Unmarshal(text, &answers); err != nil {
		t.Fatal(err)
	}
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		user := strings.TrimPrefix(r.Header.Get("X-Vault-Token"), token+"-")
		a, ok := answers[user+" "+r.URL.Path]
		if !ok {
			t.Errorf("%s asked for %s, which was not recorded", user, r.URL.Path)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(max(a.Status, http.StatusContinue))
		_, _ = w.Write(a.Body)
	})
}

// asked are the paths that TestRead leads to, by user.
var asked = map[string][]string{
	"root": {
		"team/kv/app/db", "team/kv/a b", "secret/app", "team/kv/app/dp", "nowhere/app", "team/kv/data/app/db", "team/kv/deleted",
		"team/kv/destroyed",
	},
	"reader": {"team/kv/app/db", "team/kv/app/other"},
	"nobody": {"team/kv/app/db"},
	"sealed": {"team/kv/app/db"},
}

func recordAnswers(t *testing.T) {
	t.Helper()
	tokens := map[string]string{"root": *root, "nobody": "hvs.nobody", "sealed": *root, "reader": prepare(t)}
	answers := map[string]answer{}
	for _, user := range []string{"root", "reader", "nobody", "sealed"} {
		if user == "sealed" {
			call(t, *root, "PUT", "sys/seal", nil)
		}
		for _, path := range asked[user] {
			for _, api := range []string{"sys/internal/ui/mounts/" + path, dataPath(user, path)} {
				answers[user+" /v1/"+api] = call(t, tokens[user], "GET", api, nil)
			}
		}
	}
	text, err := json.MarshalIndent(answers, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(answersFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func dataPath(user, path string) string {
	if user == "nobody" { // who may not ask for the mount
		return "team/data/" + strings.TrimPrefix(path, "team/")
	}
	for mount, api := range map[string]string{"team/kv/": "team/kv/data/", "nowhere/": "nowhere/data/", "secret/": "secret/"} {
		if rest, ok := strings.CutPrefix(path, mount); ok {
			return api + rest
		}
	}
	return path
}

// prepare fills the server and gives the token of a user who may read one secret.
func prepare(t *testing.T) string {
	t.Helper()
	call(t, *root, "POST", "sys/mounts/team/kv", map[string]any{"type": "kv", "options": map[string]string{"version": "2"}})
	secrets := map[string]map[string]any{
		"app/db":  {"password": "hunter2-of-the-db", "port": 5432, "options": map[string]bool{"tls": true}},
		"a b":     {"password": "hunter2-of-a-b"},
		"deleted": {"password": "hunter2"}, "destroyed": {"password": "hunter2"}, "app/other": {"password": "hunter2"},
	}
	for _, path := range slices.Sorted(maps.Keys(secrets)) {
		call(t, *root, "POST", "team/kv/data/"+path, map[string]any{"data": secrets[path]})
	}
	call(t, *root, "DELETE", "team/kv/data/deleted", nil)
	call(t, *root, "PUT", "team/kv/destroy/destroyed", map[string]any{"versions": []int{1}})
	call(t, *root, "POST", "secret/app", map[string]any{"password": "hunter2-of-version-1"})
	call(t, *root, "PUT", "sys/policies/acl/reader", map[string]any{"policy": `path "team/kv/data/app/db" { capabilities = ["read"] }`})
	made := call(t, *root, "POST", "auth/token/create", map[string]any{"policies": []string{"reader"}})
	var answer struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	if err := json.Unmarshal(made.Body, &answer); err != nil || answer.Auth.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	return answer.Auth.Token
}

func call(t *testing.T, token, method, path string, body any) answer {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, *record+"/v1/"+strings.ReplaceAll(path, " ", "%20"), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Vault-Token", token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if method != "GET" && a.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s %s", method, path, a.Status, text)
	}
	return answer{Status: a.StatusCode, Body: bytes.TrimSpace(text)}
}
