package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// mount is where an engine is, "secret/" or "team/kv/", and the version of its interface.
type mount struct {
	path    string
	version int
	guessed bool
}

// mountOf asks the server which mount a path belongs to, as the server's own command line does. Where the token may not
// know, or the server has no such question, the first part of the path is taken for the mount of an engine of version 2.
func (c *client) mountOf(ctx context.Context, path string) (mount, error) {
	first, _, _ := strings.Cut(path, "/")
	guess := mount{path: first + "/", version: 2, guessed: true}
	var answer struct {
		Data struct {
			Path    string `json:"path"`
			Type    string `json:"type"`
			Options struct {
				Version string `json:"version"`
			} `json:"options"`
		} `json:"data"`
	}
	switch status, err := c.get(ctx, "sys/internal/ui/mounts/"+path, &answer); {
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return guess, nil
	case err != nil:
		return mount{}, err
	}
	found := mount{path: answer.Data.Path, version: 1}
	if !strings.HasPrefix(path+"/", found.path) || found.path == "" {
		return guess, nil
	}
	if answer.Data.Options.Version == "2" {
		found.version = 2
	}
	return found, nil
}

// rest is a path below the mount.
func (m mount) rest(path string) string { return strings.TrimPrefix(path, m.path) }

// api is where the interface has a secret.
func (m mount) api(path string) string {
	if m.version == 1 {
		return path
	}
	return m.path + "data/" + m.rest(path)
}

// noAnswer says that what came back is nothing that an engine of the mount gives.
func (m mount) noAnswer() error {
	return fmt.Errorf("the answer is not that of a key/value engine of version %d: does VAULT_ADDR point at a Vault, and the path at such an engine?", m.version)
}

// missing says why there is no secret at a path.
func (m mount) missing(path string, data map[string]json.RawMessage) error {
	var metadata struct {
		DeletedAt string `json:"deletion_time"`
		Destroyed bool   `json:"destroyed"`
		Version   int    `json:"version"`
	}
	if raw, ok := data["metadata"]; ok && json.Unmarshal(raw, &metadata) == nil {
		switch {
		case metadata.Destroyed:
			return fmt.Errorf("its latest version, %d, was destroyed", metadata.Version)
		case metadata.DeletedAt != "":
			return fmt.Errorf("its latest version, %d, was deleted at %s", metadata.Version, metadata.DeletedAt)
		}
	}
	if rest, ok := strings.CutPrefix(m.rest(path), "data/"); ok && m.version == 2 {
		return fmt.Errorf("there is no such secret (404); write %s%s, without \"data/\"", m.path, rest)
	}
	if m.guessed {
		return fmt.Errorf("there is no such secret (404), if %s is its mount: the token may not know", m.path)
	}
	return errors.New("there is no such secret (404)")
}
