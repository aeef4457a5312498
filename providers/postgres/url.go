package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// settings are connection parameters under libpq's names: host, port, database, user, password, sslmode and so on.
// Keys that libpq doesn't know are the server's run-time parameters.
type settings map[string]string

const urlExample = "write one like \"postgres://user@db.example.com:5432/orders?sslmode=verify-full\""

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// checkURL is the static check of a constant URL.
func checkURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL reads a connection URI, see "Connection URIs" in libpq's documentation. Its errors never repeat a part of
// the text that could hold a password, which in a malformed URL is nearly every part.
func parseURL(text string) (settings, error) {
	rest, ok := strings.CutPrefix(text, "postgres://")
	if !ok {
		rest, ok = strings.CutPrefix(text, "postgresql://")
	}
	if !ok {
		return nil, fmt.Errorf("not a PostgreSQL URL: it does not start with postgres://; %s", urlExample)
	}
	if strings.ContainsRune(rest, 0) {
		return nil, errors.New("there is a NUL byte in the URL")
	}
	rest, query, _ := strings.Cut(rest, "?")
	out := settings{}
	// A password may hold an unescaped slash or @, so the credentials are cut off at the last @ before the path is.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if err := out.credentials(rest[:at]); err != nil {
			return nil, err
		}
		rest = rest[at+1:]
	}
	hosts, database, _ := strings.Cut(rest, "/")
	if err := out.hosts(hosts); err != nil {
		return nil, err
	}
	name, err := url.PathUnescape(database)
	if err != nil {
		return nil, errors.New("the database's name in the URL has a % that is not followed by two hexadecimal digits")
	}
	out.set("database", name)
	return out, out.query(query)
}

func (s settings) set(key, value string) {
	if value != "" {
		s[key] = value
	}
}

func (s settings) credentials(text string) error {
	user, password, _ := strings.Cut(text, ":")
	for _, part := range [...]struct{ key, text string }{{"user", user}, {"password", password}} {
		value, err := url.PathUnescape(part.text)
		if err != nil {
			return fmt.Errorf("the %s in the URL has a %% that is not followed by two hexadecimal digits; write a %% as %%25", part.key)
		}
		s.set(part.key, value)
	}
	return nil
}

// hosts reads "a:5432,b,[::1]:5433" into two lists of the same length, as libpq wants them.
func (s settings) hosts(text string) error {
	if text == "" {
		return nil
	}
	var hosts, ports []string
	for item := range strings.SplitSeq(text, ",") {
		host, port := item, ""
		if end := strings.LastIndexByte(item, ']'); strings.HasPrefix(item, "[") && end > 0 {
			host, port = item[1:end], strings.TrimPrefix(item[end+1:], ":")
		} else if colon := strings.LastIndexByte(item, ':'); colon >= 0 {
			host, port = item[:colon], item[colon+1:]
		}
		host, err := url.PathUnescape(host)
		if err != nil || strings.ContainsAny(host, " \t\r\n") {
			return fmt.Errorf("the host in the URL is not a host name or an address; %s", urlExample)
		}
		if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
			return errors.New("the port in the URL is not a number from 1 to 65535; in a user name or password, write a : as %3A, an @ as %40 and a / as %2F")
		}
		hosts, ports = append(hosts, host), append(ports, port)
	}
	s["host"] = strings.Join(hosts, ",")
	if slices.ContainsFunc(ports, func(p string) bool { return p != "" }) {
		s["port"] = strings.Join(ports, ",")
	}
	return nil
}

func (s settings) query(text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return errors.New("what follows the ? in the URL is not a list of name=value joined by &")
	}
	for key := range values {
		value := values.Get(key)
		switch key {
		case "dbname":
			key = "database"
		case "ssl":
			if value != "true" {
				return errors.New("the only value of ssl in the URL is true; write sslmode=… instead")
			}
			key, value = "sslmode", "require"
		}
		s.set(key, value)
	}
	if mode := s["sslmode"]; mode != "" && !slices.Contains(sslModes, mode) {
		return fmt.Errorf("sslmode in the URL is not one of %s", strings.Join(sslModes, ", "))
	}
	return nil
}
