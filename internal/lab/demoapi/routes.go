package demoapi

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds that keep a wrong request from hurting the machine.
const (
	maxDelay = 5 * time.Minute
	maxBytes = 64 << 20
	maxEcho  = 1 << 20
)

// Version is what /health reports.
const Version = "2.4.1"

// route is a path and who answers it.
type route struct {
	pattern string
	// path is the name in the metrics, without variable parts.
	path    string
	handler http.HandlerFunc
	// probe marks a path that only a test would ask for.
	probe bool
}

// newHandler returns the API. The table is the whole list of its paths, besides /metrics.
func newHandler(config Config) http.Handler {
	m := newMetrics()
	mux := http.NewServeMux()
	for _, r := range []route{
		{pattern: "GET /health", path: "/health", handler: health},
		{pattern: "POST /admin/cache/warmup", path: "/admin/cache/warmup", handler: warmup},
		{pattern: "/echo", path: "/echo", handler: echo},
		{pattern: "/slow", path: "/slow", handler: slow, probe: true},
		{pattern: "/fail", path: "/fail", handler: fail, probe: true},
		{pattern: "/status/{code}", path: "/status", handler: status, probe: true},
		{pattern: "GET /bytes", path: "/bytes", handler: bytes, probe: true},
		{pattern: "GET /redirect", path: "/redirect", handler: redirect, probe: true},
		{pattern: "GET /private", path: "/private", handler: config.private, probe: true},
		{pattern: "/", path: "other", handler: notFound, probe: true},
	} {
		mux.Handle(r.pattern, m.observe(r))
	}
	mux.Handle("GET /metrics", m.handler())
	return mux
}

func health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"status": "healthy", "version": Version,
		"checks": map[string]string{"database": "ok", "cache": "ok", "queue": "ok"},
	})
}

// warmup claims to have loaded the keys of the cache.
func warmup(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"status": "warmed", "keys": 200})
}

// echo sends back what it was sent. Of the headers it names those that a client sets on purpose.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEcho))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, map[string]any{"error": err.Error()})
		return
	}
	headers := map[string]string{}
	for name, values := range r.Header {
		if name == "Content-Type" || name == "User-Agent" || name == "Accept" || strings.HasPrefix(name, "X-") {
			headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	answer(w, http.StatusOK, map[string]any{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "headers": headers, "body": string(body),
	})
}

// slow answers after ?ms= milliseconds, by default a thousand, or not at all when the client leaves.
func slow(w http.ResponseWriter, r *http.Request) {
	ms, ok := number(w, r, "ms", 1000, int(maxDelay/time.Millisecond))
	if !ok {
		return
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		answer(w, http.StatusOK, map[string]any{"status": "done", "delayed_ms": ms})
	case <-r.Context().Done():
	}
}

func fail(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusInternalServerError, map[string]any{"error": "the backend refused the request", "code": "E_BACKEND"})
}

// status answers with the code in the path.
func status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		answer(w, http.StatusBadRequest, map[string]any{"error": "the code must be from 200 to 599"})
		return
	}
	if code == http.StatusNoContent || code == http.StatusNotModified {
		w.WriteHeader(code)
		return
	}
	answer(w, code, map[string]any{"status": code, "text": http.StatusText(code)})
}

// bytes answers with ?n= bytes of text, by default a mebibyte.
func bytes(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, r, "n", 1<<20, maxBytes)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(n))
	chunk := strings.Repeat("0123456789abcde\n", 256)
	for n > 0 {
		sent, err := io.WriteString(w, chunk[:min(n, len(chunk))])
		if err != nil {
			return
		}
		n -= sent
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/health", http.StatusFound)
}

// private wants the token or the password.
func (c Config) private(w http.ResponseWriter, r *http.Request) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, password, isBasic := r.BasicAuth()
	switch {
	case isBearer && same(token, c.Token), isBasic && same(user, c.User) && same(password, c.Password):
		answer(w, http.StatusOK, map[string]any{"status": "welcome"})
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="lab", Bearer`)
		answer(w, http.StatusUnauthorized, map[string]any{"error": "this path needs a token or a password"})
	}
}

func same(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func notFound(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusNotFound, map[string]any{"error": "no such path", "path": r.URL.Path})
}

// number reads a query parameter from 0 to limit; it answers the request itself when there is something else.
func number(w http.ResponseWriter, r *http.Request, name string, otherwise, limit int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > limit {
		answer(w, http.StatusBadRequest, map[string]any{"error": name + " must be a number from 0 to " + strconv.Itoa(limit)})
		return 0, false
	}
	return n, true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has left
}
