package manual

import (
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestItemsThatAreWordsOfAnswers are refused before anything runs: "answer RUN STEP none" would mean two things.
func TestItemsThatAreWordsOfAnswers(t *testing.T) {
	p := New()
	check := p.Check(provider.Host{}, p.Action("manual_checklist").Spec().Args().Attribute("items").Check)
	if check == nil {
		t.Fatal("nothing checks the items")
	}
	for item, refused := range map[string]bool{"all": true, "None": true, "all of them": false, "tell support": false} {
		if err := check(item); (err != nil) != refused {
			t.Errorf("%q: %v", item, err)
		}
	}
}
