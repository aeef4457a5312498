package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestOtherCredentialsRepeatNothing: who looks, or sends, is neither what was done nor where. Where a setting that reads the environment is written
// otherwise, the history tells whether that names another system by now.
func TestOtherCredentialsRepeatNothing(t *testing.T) {
	t.Parallel()
	const head, steps = "runbook \"test\" {}\n", `
step "fake_write" "w" {
  id = "w"
}
step "fake_read" "r" {
  id = "r"
}
step "fake_ask" "sure" {
  prompt = "sure?"
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w, step.r, step.sure]
}
`
	each := strings.ReplaceAll(steps, "\" {\n", "\" {\n  provider = provider.fake[\"a\"]\n")
	for name, c := range map[string]struct {
		provider, now string
		steps         string
		env           map[string]string
		does          []string
	}{
		"a secret of another name": {`password = secret("env:TOK")`, `password = secret("env:TOK2")`, steps, nil, nil},
		"a literal":                {`password = "a"`, `password = "b"`, steps, nil, nil},
		"none any more":            {`password = secret("env:TOK")`, ``, steps, nil, nil},
		"a place as it was":        {`name = env("WHERE")`, `name = "${env("WHERE")}"`, steps, nil, nil},
		"another place by now":     {`name = env("WHERE")`, `name = "${env("WHERE")}"`, steps, map[string]string{"WHERE": "there"}, []string{"w", "r"}},
		"another place":            {`name = env("WHERE")`, `name = env("TOK")`, steps, nil, []string{"w", "r"}},
		"one key more": {
			"name = each.key\n for_each = toset(split(\",\", env(\"KEYS\")))", "name = each.key\n for_each = toset(concat(split(\",\", env(\"KEYS\")), [\"c\"]))", each, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mended, env := false, map[string]string{"TOK": "s3cret-1", "TOK2": "s3cret-2", "WHERE": "here", "KEYS": "a,b"}
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true, Asker: secretive{}, Env: env}
			file := enginetest.Write(t, head+"provider \"fake\" {\n "+c.provider+"\n}\n"+c.steps)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 1)
			mended = true
			before := len(fake.Log())
			enginetest.Rewrite(t, file, head+"provider \"fake\" {\n "+c.now+"\n}\n"+c.steps)
			maps.Copy(env, c.env)
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			did := slices.Clone(fake.Log()[before:])
			slices.Sort(did)
			want := append(slices.Clone(c.does), "boom")
			slices.Sort(want)
			if asked := strings.Contains(out.Stream, `"step":"sure","for":"answer"`); !slices.Equal(did, want) || asked != (c.does != nil) {
				t.Errorf("did %q, not %q; asked: %v\n%s", did, want, asked, out.Stream)
			}
		})
	}
}
