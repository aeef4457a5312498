package examples

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

const token = "t0ken-of-the-example"

func values(vars ...string) func(*testing.T) []string {
	return func(*testing.T) []string { return vars }
}

func planWith(vars ...string) engine.PlanOptions {
	return engine.PlanOptions{Apply: true, Variables: lang.VariableSources{Values: vars}}
}

func containsAny(errs []error, part string) bool {
	for _, err := range errs {
		if strings.Contains(err.Error(), part) {
			return true
		}
	}
	return false
}

// serve starts a server for the test and gives its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func answerHealthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status": "healthy"}`))
}

func healthy(t *testing.T) []string { return []string{"url=" + serve(t, answerHealthy)} }

// answersThirdTime closes the first two connections without an answer.
func answersThirdTime(t *testing.T) []string {
	var asked atomic.Int32
	return []string{"url=" + serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		answerHealthy(w, r)
	})}
}

// healthyAfterAWhile flaps once: 503, 503, 200, 503, and 200 from then on.
func healthyAfterAWhile(t *testing.T) []string {
	var asked atomic.Int32
	return []string{"url=" + serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); n <= 4 && n != 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answerHealthy(w, r)
	})}
}

func noteFile(t *testing.T) []string {
	path := filepath.Join(t.TempDir(), "note.txt")
	t.Cleanup(func() {
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "Checked at ") {
			t.Errorf("the note reads %q, %v", text, err)
		}
	})
	return []string{"file=" + path}
}

// approver approves, and has nothing else to say.
type approver struct{}

func (approver) Ask(_ context.Context, w run.Wait) (*run.Answer, error) {
	if w.For != run.ForApproval {
		return nil, errors.New("nobody answers " + w.Address)
	}
	return &run.Answer{Value: json.RawMessage("true"), By: "bob@ops", Via: run.ViaTerminal}, nil
}

// notice is the folder in which a notice must hang when all is over.
func notice(t *testing.T) []string {
	dir := t.TempDir()
	t.Cleanup(func() {
		if text, err := os.ReadFile(filepath.Join(dir, "notice")); err != nil || string(text) != "Back in 7 minutes." {
			t.Errorf("the notice reads %q, %v", text, err)
		}
	})
	return []string{"dir=" + dir}
}

func regions(t *testing.T) []string {
	return []string{`regions={eu = "` + serve(t, answerHealthy) + `", us = "` + serve(t, answerHealthy) + `"}`}
}

// private wants the token, and sends it back: the run must blank it.
func private(t *testing.T) []string {
	return []string{"url=" + serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answerHealthy(w, r)
	})}
}

// chat takes messages, and expects one in the end.
func chat(t *testing.T) []string {
	messages := make(chan string, 8)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var message struct{ Channel, Text string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil || r.Header.Get("Authorization") != "Bearer "+token || r.URL.Path != "/messages" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		messages <- message.Channel + ": " + message.Text
	})
	t.Cleanup(func() {
		if len(messages) != 1 {
			t.Fatalf("%d messages came", len(messages))
		}
		const first, last = "#operations: Is it calm? Answer with: runbook answer ", " calm"
		if got := <-messages; !strings.HasPrefix(got, first) || !strings.HasSuffix(got, last) {
			t.Errorf("%q came", got)
		}
	})
	return []string{"chat=" + url}
}

// certificates makes a folder of two certificates: one is good for a year, one ends in ten days.
func certificates(t *testing.T) []string {
	dir := t.TempDir()
	for name, days := range map[string]int{"good.pem": 365, "expiring.pem": 10} {
		writeCertificate(t, filepath.Join(dir, name), days)
	}
	return []string{"dir=" + dir}
}

func writeCertificate(t *testing.T, path string, days int) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(days)), Subject: pkix.Name{CommonName: filepath.Base(path)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, days),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
