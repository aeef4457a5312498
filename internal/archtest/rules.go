package archtest

// arrow restricts what the packages of a folder may import of this module. Patterns are folders: "engine" means it and
// all below, "providers/*" each folder below by itself ("self" is then the same one).
type arrow struct {
	from string
	// except are folders below from that the rule leaves out.
	except []string
	// only lists what may be imported; nil: everything but never.
	only, never []string
	// tests lists what test files may import beside only.
	tests []string
	why   string
}

// arrows are those of the architecture.
var arrows = []arrow{
	{
		from: "engine", except: []string{"engine/enginetest"}, never: []string{"providers", "internal", "cmd"},
		why: "the engine is for those who embed it, and knows no provider and no command line",
	},
	{
		from: "engine/provider", only: []string{"engine/provider"},
		why: "who writes a provider needs this one package",
	},
	{
		from: "providers/*", except: []string{"providers/builtin"}, only: []string{"engine/provider", "self"},
		tests: []string{"engine/provider"}, why: "a provider needs the SDK alone, and no provider needs another",
	},
	{
		from: "internal", except: []string{"internal/cli", "internal/docgen", "internal/bench", "internal/archtest", "internal/chaos"},
		never: []string{"internal/cli", "cmd", "providers"}, why: "the command line is on top",
	},
	{
		from: "internal/cli", never: []string{"providers", "cmd"}, tests: []string{"providers/builtin"},
		why: "the command line is given its providers by main",
	},
	{
		from: "internal/view", only: []string{"engine/run", "engine/journal", "internal/term", "internal/view"},
		tests: []string{"internal/redact"}, why: "a view knows events alone",
	},
	{
		from: "internal/report", only: []string{"engine/run", "engine/journal", "internal/term", "internal/view", "internal/report"},
		tests: []string{"internal/redact"}, why: "a report knows events alone",
	},
	{
		from: "engine/run", except: []string{"engine/run/local"}, only: []string{"engine/run"},
		why: pureWhy,
	},
}

// pure are the packages whose result depends on their arguments alone: the scheduler.
var pure = map[string]bool{"engine/run": true}

const pureWhy = "the scheduler is pure: no clock, no input or output, no goroutine"

// impure are packages that such a package can't use, clocks what it may not use of those it can.
var impure = map[string]bool{
	"os": true, "io": true, "io/fs": true, "net": true, "net/http": true, "context": true, "sync": true, "sync/atomic": true,
	"math/rand": true, "math/rand/v2": true, "crypto/rand": true, "log": true, "log/slog": true,
}

var clocks = map[string]map[string]bool{
	"time": {
		"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "Tick": true,
		"NewTimer": true, "NewTicker": true,
	},
}

// globals are what a process has one of. Below the command line they are passed in.
var globals = map[string]map[string]bool{
	"os": {
		"Getenv": true, "LookupEnv": true, "Environ": true, "ExpandEnv": true, "Setenv": true, "Args": true, "Exit": true, "Getwd": true,
		"Chdir": true, "Stdin": true, "Stdout": true, "Stderr": true,
	},
	"log": {"Print": true, "Printf": true, "Println": true, "Fatal": true, "Fatalf": true, "Fatalln": true},
	"fmt": {"Print": true, "Printf": true, "Println": true},
}

// globalsAllowed are the folders that may touch them: programs, and what only tests use.
var globalsAllowed = []string{
	"cmd", "internal/cli", "internal/lab", "internal/bench", "internal/docgen", "engine/enginetest", "engine/provider/providertest",
}

// templates are packages that have the linker keep all exported methods of a program, as one may be called by its name: the binary would be a
// quarter larger. Nothing that it is built of may import them.
var templates = map[string]bool{"text/template": true, "html/template": true}

// templatesAllowed are the folders of other programs.
var templatesAllowed = []string{"internal/lab"}

// maxLines is how long a file may be.
const maxLines = 500

// noPackages are names that say nothing.
var noPackages = map[string]bool{"util": true, "utils": true, "common": true, "helpers": true, "types": true, "manager": true}
