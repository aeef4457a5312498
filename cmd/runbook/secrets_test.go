package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // a hash of a secret is searched for, in whatever way it was made
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/internal/report"
)

// leak is a run full of secrets, and all that it leaves behind.
type leak struct {
	secrets map[string]string
	// inputs holds what the run is given, outputs what is searched.
	inputs, outputs string
	env             []string
	ran             int // commands
}

// TestNoSecretIsWritten runs a runbook in which every secret fails in many ways, against real services where there are some
// to fail with, and searches every byte that was written for each secret in its many forms.
func TestNoSecretIsWritten(t *testing.T) {
	for name, flags := range map[string][]string{"text": nil, "json": {"--json"}} {
		t.Run(name, func(t *testing.T) {
			l := newLeak(t)
			// 4: whether the server took the request whose answer it cut off is not known.
			l.run(t, 4, "apply", append([]string{"--var-file", filepath.Join(l.inputs, "vars.hcl"), "--times"}, flags...)...)
			l.run(t, 0, "plan", append([]string{"--var-file", filepath.Join(l.inputs, "vars.hcl")}, flags...)...)
			for _, other := range []string{"validate", "graph"} {
				l.run(t, 0, other, flags...)
			}
			l.search(t)
		})
	}
}

func newLeak(t *testing.T) *leak {
	t.Helper()
	l := &leak{inputs: t.TempDir(), outputs: t.TempDir()}
	l.secrets = map[string]string{
		"LEAK_ENV": `e"nv/h+n<t>er&2 'é`, "LEAK_BEARER": `Bear/er+hunter2==`, "LEAK_BASIC": `ba:sic hunter2?/é`,
		"LEAK_PROMETHEUS": `prom~hunter2/%41`, "LEAK_POSTGRES": `post'gres"hunter2\`, "LEAK_REDIS": `re{dis}hunter2`,
		"RUNBOOK_VAR_typed": "typed hunter2 $(x)", "RUNBOOK_VAR_pin": "48213977", "VAULT_TOKEN": "hvs.hunter2-of-nobody",
	}
	env := map[string]string{}
	for name, value := range l.secrets {
		env[name] = value
	}
	// What is secret about each of these says where something is, and those who can't get there tell parts of it.
	for name, value := range map[string]string{
		"LEAK_HOOK": "http://127.0.0.1:1/services/T0LEAK/h00kT0ken-a?sig=s1gnature-a", "LEAK_HOOK_DNS": "http://nowhere.invalid/services/T1LEAK/h00kT0ken-b?sig=s1gnature-b",
		"LEAK_BASE": "http://127.0.0.1:1/base/T2LEAK/h00kT0ken-c", "LEAK_TORN": "S3cr3t-half/Other*half-h2", "LEAK_ADDRESS": "where-hunter2-is.invalid:443",
		"LEAK_PATTERN": "/nowhere/of-hunter2-too/*.log", "LEAK_PATTERN_APART": "/nowhere/a hunter2 apart/*.log", "LEAK_FILE": "/proc/nowhere/f1le of hunter2/x.log",
		"LEAK_RESOURCE": "deployment/n4me-of-hunter2", "LEAK_NO_RESOURCE": "d3pl of hunter2/n4me/hunter2 alone", "LEAK_NAME": "B3tter_Hunter2_Name",
	} {
		env[name] = value
	}
	for name, value := range map[string]string{
		"path of a hook": "/services/T0LEAK/h00kT0ken-a", "token of a hook": "h00kT0ken-a", "query of a hook": "s1gnature-a", "path of a name": "/services/T1LEAK/h00kT0ken-b",
		"path of a base": "T2LEAK/h00kT0ken-c", "half of what is torn": "S3cr3t-half", "other half": "half-h2", "host of an address": "where-hunter2-is.invalid",
		"folder of a pattern": "/nowhere/of-hunter2-too", "folder of one with blanks": "/nowhere/a hunter2 apart", "folder of a file": "f1le of hunter2",
		"name of a resource": "n4me-of-hunter2", "type of none": "d3pl of hunter2", "name of none": "hunter2 alone", "a better name": "b3tter-hunter2-name",
		"file": `f'ile|hunter2;` + "`x`", "filed": `fi\led"hunter2`, "vault": `va'ult$hunter2!/+`, "kube": "kube,hunter2)=(!",
		"key.pem": newKey(t), "tiny": "§¶¤",
	} {
		l.secrets[name] = value
	}
	l.input(t, "file", l.secrets["file"]+"\n")
	l.input(t, "key.pem", l.secrets["key.pem"])
	l.input(t, "tiny", l.secrets["tiny"])
	l.input(t, "vars.hcl", fmt.Sprintf("filed = %q\n", l.secrets["filed"]))
	l.input(t, "long", strings.Repeat("x", 1000-15)+l.secrets["vault"]+"\n")
	l.input(t, "t.tmpl", "${nosuch} ${a}")
	server := echoes(t, l.secrets["vault"])
	env["LEAK_SERVER"], env["VAULT_ADDR"] = server, server
	env["LEAK_DIR"], env["LEAK_SAMPLES"] = l.inputs, l.outputs
	env["LEAK_STORE"] = filepath.Join(l.outputs, "runs.db")
	env["LEAK_NAMESPACE"] = leakNamespace(t, l.secrets["kube"])
	env["HOME"], env["TMPDIR"], env["PATH"] = filepath.Join(l.outputs, "home"), l.outputs, os.Getenv("PATH")
	for _, name := range []string{"KUBECONFIG", "DATABASE_URL", "REDIS_URL", "LAB_DATABASE_ADDRESS", "LAB_REDIS_ADDR"} {
		if env[name] = os.Getenv(name); env[name] == "" {
			t.Fatalf("%s is not set: run this test with make test or bin/labctl run", name)
		}
	}
	for name, value := range env {
		l.env = append(l.env, name+"="+value)
	}
	for _, name := range []string{"DATABASE_URL", "REDIS_URL"} {
		if u, err := url.Parse(env[name]); err == nil {
			l.secrets[name], _ = u.User.Password()
		}
	}
	return l
}

func newKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (l *leak) input(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.inputs, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command and keeps what it prints.
func (l *leak) run(t *testing.T, want int, command string, flags ...string) {
	t.Helper()
	args := append([]string{command, filepath.Join("testdata", "secrets", "secrets.hcl"), "--log-level", "trace"}, flags...)
	if command == "apply" {
		args = append(args, "--store", filepath.Join(l.outputs, "runs.db"), "--auto-approve")
		args = append(args, l.reports(fmt.Sprintf("%02d-%s", l.ran+1, command))...)
	}
	c := exec.CommandContext(t.Context(), "runbook", args...)
	c.Env = l.env
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != want {
		t.Errorf("%s: exit status %d, want %d\n%s\n%s", command, got, want, stdout.String(), stderr.String())
	}
	l.ran++
	for name, text := range map[string][]byte{"stdout": stdout.Bytes(), "stderr": stderr.Bytes()} {
		if err := os.WriteFile(filepath.Join(l.outputs, fmt.Sprintf("%02d-%s.%s", l.ran, command, name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if command != "apply" {
		return
	}
	l.written(t, 5)
	for _, part := range []string{"(sensitive)", "wrong_password", "password authentication failed", "no_such_name"} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("%q is not in the output, so the test tries less than it seems to", part)
		}
	}
}

// reports are the flags for a report in each format.
func (l *leak) reports(name string) []string {
	var flags []string
	for _, format := range report.Formats() {
		flags = append(flags, "--report", format+"="+filepath.Join(l.outputs, name+".report."+format))
	}
	return flags
}

// written demands that so many reports were written, else the test tries less than it seems to.
func (l *leak) written(t *testing.T, least int) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(l.outputs, "*.report.*"))
	if err != nil || len(found) < least {
		t.Errorf("%d reports were written, want %d: %v", len(found), least, err)
	}
	for _, file := range found {
		if text, err := os.ReadFile(file); err != nil || !bytes.Contains(text, []byte("sensitive")) {
			t.Errorf("%s has nothing that was blanked: %v", file, err)
		}
	}
}

// search looks for every secret in every file, the samples among them.
func (l *leak) search(t *testing.T) {
	t.Helper()
	l.grep(t)
	for _, name := range []string{"cmdline", "live-runs.db", "live-runs.db-wal"} {
		if info, err := os.Stat(filepath.Join(l.outputs, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not sampled: %v", name, err)
		}
	}
}

// grep looks for every secret in every file.
func (l *leak) grep(t *testing.T) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(l.outputs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, secret := range l.secrets {
			for form, written := range formsOf(secret) {
				if at := bytes.Index(text, []byte(written)); at >= 0 {
					t.Errorf("%s as %s is in %s: …%q…", name, form, filepath.Base(path), text[max(0, at-200):min(len(text), at+len(written)+40)])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 8 {
		t.Errorf("only %d files were searched", files)
	}
}

var digits = regexp.MustCompile(`%[0-9A-F]{2}`)

// formsOf writes a secret in many ways; it knows nothing of how the program blanks them.
func formsOf(secret string) map[string]string {
	forms := map[string]string{"itself": strings.TrimSpace(secret), "hex": hex.EncodeToString([]byte(secret))}
	forms["upper hex"] = strings.ToUpper(forms["hex"])
	for name, escape := range map[string]func(string) string{"HTML": html.EscapeString, "XML": inXML, "Markdown": inMarkdown} {
		forms[name] = escape(forms["itself"])
	}
	forms["upper case"], forms["lower case"] = strings.ToUpper(forms["itself"]), strings.ToLower(forms["itself"])
	forms["JSON in ASCII"] = strings.Trim(strconv.QuoteToASCII(forms["itself"]), `"`)
	whole := base64.StdEncoding.EncodeToString([]byte(secret))
	for _, width := range []int{64, 76} {
		for i := 0; i+width <= len(whole); i += width {
			forms[fmt.Sprintf("line %d of base64 in lines of %d", i/width, width)] = whole[i : i+width]
		}
	}
	for _, line := range strings.Split(secret, "\n") {
		if len(line) > 20 && !strings.HasPrefix(line, "-") {
			forms["a line "+line[:2]] = line
		}
	}
	forms["query"], forms["path"] = url.QueryEscape(secret), url.PathEscape(secret)
	for _, name := range []string{"query", "path"} {
		forms["lower "+name] = digits.ReplaceAllStringFunc(forms[name], strings.ToLower)
	}
	for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		for _, before := range []string{"", "x", "xy"} {
			text := e.EncodeToString([]byte(before + secret))
			forms[fmt.Sprintf("%s after %d", name, len(before))] = text[(8*len(before)+5)/6 : 8*(len(before)+len(secret))/6]
		}
	}
	for _, name := range []string{"query", "path"} {
		if forms[name] != secret {
			forms["hex of "+name] = hex.EncodeToString([]byte(forms[name]))
			for _, before := range []string{"", "x", "xy"} {
				text := base64.RawStdEncoding.EncodeToString([]byte(before + forms[name]))
				forms[fmt.Sprintf("base64 of %s after %d", name, len(before))] = text[(8*len(before)+5)/6 : 8*(len(before)+len(forms[name]))/6]
			}
		}
	}
	for _, name := range []string{"itself", "query", "base64 after 0"} {
		once, err := json.Marshal(forms[name])
		if err != nil {
			panic(err) // a string always encodes
		}
		deeper := once[1 : len(once)-1]
		for levels := range 5 {
			forms[fmt.Sprintf("JSON of %s, %d deep", name, levels+1)] = string(deeper)
			next, err := json.Marshal(string(deeper))
			if err != nil {
				panic(err)
			}
			deeper = next[1 : len(next)-1]
		}
	}
	// A hash tells a short secret: all of them can be tried.
	forms["SHA-256"], forms["SHA-1"] = fmt.Sprintf("%x", sha256.Sum256([]byte(secret))), fmt.Sprintf("%x", sha1.Sum([]byte(secret)))
	forms["MD5"] = fmt.Sprintf("%x", md5.Sum([]byte(secret)))
	// Half a secret is half a leak: what is cut off or split.
	if trimmed := strings.TrimSpace(secret); len(trimmed) >= 16 && !strings.Contains(trimmed, "\n") {
		forms["its beginning"], forms["its end"] = trimmed[:12], trimmed[len(trimmed)-12:]
	}
	return forms
}
