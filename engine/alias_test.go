package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// aliased is a runbook whose write goes through one of two provider blocks that name the same system for different people.
const aliased = `
runbook "test" {}
provider "fake" {
  alias    = "a"
  name     = "here"
  password = "of a"
}
provider "fake" {
  alias    = "b"
  name     = "here"
  password = "of b"
}
step "fake_write" "w" {
  provider = provider.fake.a
  id       = "w"
  undo "fake_write" { id = "back" }
}
step "fake_write" "boom" {
  provider   = provider.fake.b
  id         = "boom"
  depends_on = [step.w]
}
`

// TestAnotherNameOfAProviderBlock: a write that goes through a block which only has another name is not sent again, and its undo goes through that. Of
// one that goes through another block, of which the first is still there, it is sent again, and the undo of the first has to go through the first.
func TestAnotherNameOfAProviderBlock(t *testing.T) {
	t.Parallel()
	ref, alias := "provider = provider.fake.a", "alias    = \"a\""
	for name, c := range map[string]struct {
		changes []string
		does    []string
		backs   int
		left    string
	}{
		"another name":                 {[]string{ref, "provider = provider.fake.z", alias, "alias = \"z\""}, []string{"boom"}, 1, ""},
		"another name, and its system": {[]string{ref, "provider = provider.fake.z", alias, "alias = \"z\"", `"here"`, `"there"`}, []string{"boom", "w"}, 1, "the step acted through fake.a, on fake://here, and this would act through fake.z, on fake://there"},
		"no name any more":             {[]string{ref + "\n", "\n", alias + "\n", "\n"}, []string{"boom"}, 1, ""},
		"another block":                {[]string{ref, "provider = provider.fake.b"}, []string{"boom", "w"}, 1, "the step acted through fake.a, on fake://here, and this would act through fake.b, on fake://here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			file := enginetest.Write(t, aliased)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 1)
			mended = true
			before := len(fake.Log())
			text := aliased
			for i := 0; i < len(c.changes); i += 2 {
				text = strings.Replace(text, c.changes[i], c.changes[i+1], 1)
			}
			enginetest.Rewrite(t, file, text)
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			did := slices.Clone(fake.Log()[before:])
			slices.Sort(did)
			if !slices.Equal(did, c.does) {
				t.Errorf("did %q, not %q\n%s", did, c.does, out.Stream)
			}
			opts.WithChanges = false
			out = enginetest.Undo(t, fake, out.Result.RunID, opts)
			status := 0
			if c.left != "" {
				status = 4
			}
			out.Ends(t, status)
			if fake.Calls("back") != c.backs || !strings.Contains(out.Stream, c.left) {
				t.Errorf("undone %d times, and does not say %q:\n%s", fake.Calls("back"), c.left, out.Stream)
			}
		})
	}
}
