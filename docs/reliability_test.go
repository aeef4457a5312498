package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z0-9]+)`")

// TestPromisesHaveTests looks for each test that docs/reliability.md names, and for a test in each row of its tables.
func TestPromisesHaveTests(t *testing.T) {
	rows := 0
	for _, line := range strings.Split(read(t, "reliability.md"), "\n") {
		names := testName.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") && !strings.HasSuffix(line, "| shown by |") {
			rows++
			if len(names) == 0 {
				t.Errorf("no test shows it: %s", line)
			}
		}
		for _, name := range names {
			if !testExists(t, name[1], name[2]) {
				t.Errorf("there is no %s in %s", name[2], name[1])
			}
		}
	}
	if rows == 0 {
		t.Error("there is no table")
	}
}

// testExists looks into the test files of a folder.
func testExists(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t ") {
			return true
		}
	}
	return false
}
