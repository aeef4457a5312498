package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// echoes is a server that gives back whatever it was sent, in the form that its path says. It is a Vault besides.
func echoes(t *testing.T, vaultSecret string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/sys/") {
			_, _ = io.WriteString(w, `{"data":{"path":"team/kv/","options":{"version":"2"}}}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"data": map[string]string{"password": vaultSecret}}})
	})
	mux.HandleFunc("/", echo)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// encodings are the forms of an echo.
var encodings = map[string]func(string) string{
	"plain": func(s string) string { return s }, "html": html.EscapeString, "url": url.QueryEscape,
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"json":      inJSON,
	"twice":     func(s string) string { return inJSON(inJSON(s)) },
	"thrice":    func(s string) string { return inJSON(inJSON(inJSON(s))) },
	"garbage":   func(s string) string { return `{"error": ` + s },
}

func inXML(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a builder takes everything
	}
	return b.String()
}

var meansSomething = regexp.MustCompile("[\\\\`*_\\[\\]<#|~&$]")

func inMarkdown(s string) string { return meansSomething.ReplaceAllString(s, `\$0`) }

func inJSON(s string) string {
	text, err := json.Marshal(map[string]string{"sent": s})
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(text)
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	auth, query := r.Header.Get("Authorization"), r.URL.RawQuery
	decoded, _ := url.QueryUnescape(query)
	all := fmt.Sprintf("%s %s %s %s %s %s %s", r.Method, r.URL, auth, r.Header.Get("X-Api-Key"), query, decoded, body)
	kind := strings.Trim(r.URL.Path, "/")
	w.Header().Set("X-Echo", auth+" "+query)
	switch {
	case kind == "401" || strings.HasPrefix(kind, "prometheus"):
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+auth+`"`)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "refused: "+all)
	case kind == "redirect":
		w.Header().Set("Location", "http://127.0.0.1:1/?from="+url.QueryEscape(all))
		w.WriteHeader(http.StatusTemporaryRedirect)
	case kind == "body":
		_, _ = w.Write(body)
	case kind == "chunks":
		for i := range len(all) {
			_, _ = io.WriteString(w, all[i:i+1])
			_ = http.NewResponseController(w).Flush()
		}
	case kind == "cut":
		w.Header().Set("Content-Length", fmt.Sprint(2*len(all)))
		_, _ = io.WriteString(w, all)
	default:
		encode := encodings[kind]
		if encode == nil {
			encode = encodings["plain"]
		}
		if strings.HasPrefix(kind, "json") || kind == "twice" || kind == "thrice" || kind == "garbage" {
			w.Header().Set("Content-Type", "application/json")
		}
		_, _ = io.WriteString(w, encode(all))
	}
}

// cluster gives a function that calls the lab's cluster; a conflict is no error.
func cluster(t *testing.T) func(method, path string, object any) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return func(method, path string, object any) {
		body, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(method, config.Host+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if known := method == "DELETE" && answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusConflict; answer.StatusCode >= 400 && !known {
			t.Fatalf("%s %s: %s", method, path, answer.Status)
		}
	}
}

const leakSpace = "test-leak"

// leakNamespace makes a namespace with a Secret in the lab's cluster, for as long as the test runs.
func leakNamespace(t *testing.T, secret string) string {
	t.Helper()
	call := cluster(t)
	call("POST", "/api/v1/namespaces", map[string]any{"metadata": map[string]string{"name": leakSpace}})
	call("POST", "/api/v1/namespaces/"+leakSpace+"/secrets", map[string]any{
		"metadata": map[string]string{"name": "leak"}, "stringData": map[string]string{"password": secret},
	})
	t.Cleanup(func() { call("DELETE", "/api/v1/namespaces/"+leakSpace+"/secrets/leak", nil) })
	return leakSpace
}

// leakDeployment makes a deployment without pods, with a password in its environment.
func leakDeployment(t *testing.T, password string) {
	t.Helper()
	call := cluster(t)
	path := "/apis/apps/v1/namespaces/" + leakSpace + "/deployments"
	labels := map[string]string{"app": "leak"}
	call("POST", path, map[string]any{
		"metadata": map[string]string{"name": "leak"},
		"spec": map[string]any{
			"replicas": 0, "selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{"containers": []any{map[string]any{
					"name": "leak", "image": "leak:1", "env": []any{map[string]string{"name": "PASSWORD", "value": password}},
				}}},
			},
		},
	})
	t.Cleanup(func() {
		call("DELETE", path+"/leak", nil)
		for _, left := range []string{"/secrets/applied", "/configmaps/applied"} {
			call("DELETE", "/api/v1/namespaces/"+leakSpace+left, nil)
		}
	})
}
