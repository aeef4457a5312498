package redact

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// minPart is the length from which a part of a URL is a secret by itself, unless its name says that it is.
const minPart = 8

// partsOf are what programs tell of a secret by itself where it says where something is: of a URL its password and, where it is one of
// HTTP, what comes after the host, for that is what webhooks keep secret; of an address its host, of a pattern of files their folder.
// The host of a URL is none of them: who is called at night must know which system it is.
func partsOf(secret string) []string {
	if u, err := url.Parse(secret); err == nil && u.Scheme != "" && u.Host != "" {
		return partsOfURL(u)
	}
	if host, port, err := net.SplitHostPort(secret); err == nil && strings.ContainsAny(host, ".:") {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return []string{host}
		}
	}
	if wild := strings.IndexAny(secret, "*?[{"); wild > 0 && !strings.ContainsAny(secret, " \n") {
		return []string{strings.TrimSuffix(path.Dir(secret[:wild]+"x"), "/")}
	}
	return nil
}

// partsOfPath are what programs tell of a secret by itself where it is a path, or another name of several parts such as TYPE/NAME of Kubernetes: what stands before
// the last slash, or that before the first wildcard, and what stands behind it.
func partsOfPath(secret string) []string {
	if strings.Contains(secret, "\n") || strings.Contains(secret, "://") || !strings.Contains(secret, "/") {
		return nil
	}
	end := len(secret)
	if wild := strings.IndexAny(secret, "*?[{"); wild >= 0 {
		end = wild
	}
	folder, name := path.Split(secret[:end])
	var parts []string
	for _, part := range []string{path.Clean(folder), name} {
		if telling(part) {
			parts = append(parts, part)
		}
	}
	return parts
}

func partsOfURL(u *url.URL) []string {
	var parts []string
	onTheWeb := u.Scheme == "http" || u.Scheme == "https"
	if password, ok := u.User.Password(); ok {
		parts = append(parts, password)
	}
	if user := u.User.Username(); onTheWeb && telling(user) {
		parts = append(parts, user)
	}
	for name, values := range u.Query() {
		for _, value := range values {
			if secretive.MatchString(name) || onTheWeb && len(value) >= minPart {
				parts = append(parts, value)
			}
		}
	}
	if !onTheWeb {
		return parts
	}
	for _, whole := range []string{u.Path, u.EscapedPath()} {
		parts = append(parts, strings.TrimRight(whole, "/"), strings.Trim(whole, "/"))
		for segment := range strings.SplitSeq(whole, "/") {
			if telling(segment) {
				parts = append(parts, segment)
			}
		}
	}
	return append(parts, u.RawQuery, u.RequestURI(), u.Fragment)
}

var (
	secretive = regexp.MustCompile(`(?i)pass|secret|token|key|pwd`)
	// words are what stands in the path of any service, such as "prometheus" and "webhooks".
	words = regexp.MustCompile(`^[a-z]{0,12}([-_.][a-z]{0,12})*$`)
)

// telling reports whether a part of a URL may be what is secret about it.
func telling(part string) bool { return len(part) >= minPart && !words.MatchString(part) }

// torn are the pieces of a secret that stands as it is in the text of a URL or a path, where its own slashes and such divide it:
// those who tell of the place name pieces of it.
func torn(secret string) []string {
	return strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune("/?#@:*[]{}", r) })
}

// unescaped is a secret that is written as URLs write what it stands for, such as the signature of a link: who reads the URL tells that.
func unescaped(secret string) []string {
	if !strings.Contains(secret, "%") {
		return nil
	}
	var out []string
	for _, read := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
		if plain, err := read(secret); err == nil && plain != secret {
			out = append(out, plain)
		}
	}
	return out
}

// isPlace reports whether a text is a URL or a path.
func isPlace(text string) bool {
	scheme, _, isURL := strings.Cut(text, "://")
	return isURL && !strings.ContainsAny(scheme, " /\n\"") || strings.HasPrefix(text, "/")
}
