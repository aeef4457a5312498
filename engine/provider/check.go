package provider

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Check looks at an argument that is a constant string, or a number as it is written, before anything runs. A nil error means that it is well
// formed; the error's text says what is wrong and what to write instead. An error may be a [*PositionError].
type Check func(value string) error

// HostCheck is a [Check] that needs the host. It changes nothing but what can be made again, and does without what the host
// does not offer.
type HostCheck func(host Host, value string) error

// PositionError is a problem at a place inside the checked string.
type PositionError struct {
	// Offset and Length are bytes within the string.
	Offset, Length int
	Message        string
	// Doubtful is true of what may be right all the same: it is a warning.
	Doubtful bool
}

// Error is the message alone: the place is for the diagnostic's underline.
func (e *PositionError) Error() string { return e.Message }

// checks are the light ones that every provider can name in a `check` tag; a provider adds its own in Setup.Checks.
var checks = map[string]Check{
	"regex":   checkRegex,
	"url":     checkURL,
	"address": checkAddress,
	"glob":    checkGlob,
	"env":     checkEnv,

	"positive":     checkPositive,
	"not_negative": checkNotNegative,
}

func checkPositive(value string) error {
	if n, ok := amount(value); ok && n <= 0 {
		return fmt.Errorf("it is %s; write more than 0", value)
	}
	return nil
}

func checkNotNegative(value string) error {
	if n, ok := amount(value); ok && n < 0 {
		return fmt.Errorf("it is %s; write 0 or more", value)
	}
	return nil
}

// amount reads a number or a duration; false: it is neither, which is told elsewhere.
func amount(value string) (float64, bool) {
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return n, true
	}
	d, err := ParseDuration(value)
	return float64(d), err == nil
}

func checkRegex(value string) error {
	if _, err := regexp.Compile(value); err != nil {
		return fmt.Errorf("not an RE2 regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

// CheckQuery refuses a URL with a byte in its query that has to be escaped there, and would be sent as it is: a blank ends what is asked
// for. These are the query percent-encode set of the URL Standard; what else RFC 3986 does not allow, such as "[" and "|", servers take
// from every browser. Control characters are refused anywhere. The error does not tell which byte it is, which may be one of a secret.
func CheckQuery(text string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	escaped := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>`, r) }
	before, _, _ := strings.Cut(text, "#")
	_, query, _ := strings.Cut(before, "?")
	if !strings.ContainsFunc(text, control) && !strings.ContainsFunc(query, escaped) {
		return nil
	}
	return errors.New("it has a character that must be escaped in a URL, such as a blank or a quote behind the \"?\"; " +
		"write urlencode(…) around what is put into it")
}

func checkURL(value string) error {
	if err := CheckQuery(value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil {
		// url.Error repeats the whole text, which may hold a password.
		return fmt.Errorf("not a URL; write one like \"https://example.com/path\"")
	}
	if u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("scheme %q is not http or https", u.Scheme)
	}
	if u.Scheme != "" && u.Host == "" {
		return fmt.Errorf("there is no host in it; write one like \"https://example.com/path\"")
	}
	return nil
}

func checkAddress(value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%q is not an address; write host and port, such as \"example.com:443\"", value)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return nil
}

func checkGlob(value string) error {
	if !doublestar.ValidatePattern(value) {
		return fmt.Errorf("%q is not a pattern; write one like \"/backups/**/*.dump\"", value)
	}
	return nil
}

func checkEnv(name string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return fmt.Errorf("%q is not the name of an environment variable", name)
	}
	return nil
}

func reflectValue(v any) reflect.Value { return reflect.ValueOf(v) }
