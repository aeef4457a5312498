package local

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestSameSetting: of a map of settings only those that are secret themselves don't count, of one setting a secret does not.
func TestSameSetting(t *testing.T) {
	secret := func(v cty.Value) cty.Value { return v.Mark(provider.Sensitive) }
	text, null := cty.StringVal, cty.NullVal(cty.Map(cty.String))
	headers := func(accept, token string) cty.Value {
		return secret(cty.MapVal(map[string]cty.Value{"Accept": text(accept), "Authorization": secret(text(token))}))
	}
	login := func(user, password string) cty.Value {
		return secret(cty.ObjectVal(map[string]cty.Value{"username": text(user), "password": text(password)}))
	}
	type basic struct {
		Username string `rb:"username"`
		Password string `rb:"password,sensitive"`
	}
	type config struct {
		Login *basic `rb:"login,sensitive"`
	}
	fields := provider.New(provider.Setup[config, int]{Name: "x"}).Config().Attribute("login").Fields
	for name, c := range map[string]struct {
		sensitive, same bool
		was, now        cty.Value
	}{
		"a password of a user": {true, true, login("a", "x"), login("a", "y")},
		"another user":         {true, false, login("a", "x"), login("b", "x")},
		"another proxy":        {true, false, secret(text("http://u:a@one:1")), secret(text("http://u:a@two:1"))},
		"a password of one":    {true, true, secret(text("http://u:a@one:1")), secret(text("http://u:b@one:1"))},
		"a text":               {false, true, text("a"), text("a")},
		"another":              {false, false, text("a"), text("b")},
		"a password":           {true, true, secret(text("a")), secret(text("b"))},
		"none any more":        {true, true, secret(text("a")), secret(cty.NullVal(cty.String))},
		"a token":              {true, true, headers("json", "a"), headers("json", "b")},
		"a header":             {true, false, headers("json", "a"), headers("html", "a")},
		"a header is gone":     {true, true, headers("json", "a"), secret(cty.MapVal(map[string]cty.Value{"Accept": text("json")}))},
		"no headers":           {true, true, secret(null), secret(null)},
		"new headers":          {true, false, secret(null), headers("json", "a")},
		"none of them":         {true, false, headers("json", "a"), secret(null)},
	} {
		if got := sameSetting(&provider.Attribute{Sensitive: c.sensitive, Fields: fields}, c.was, c.now); got != c.same {
			t.Errorf("%s: %v, not %v", name, got, c.same)
		}
	}
}
