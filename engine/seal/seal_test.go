package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
)

func open(t *testing.T, options KeyOptions) *Sealer {
	t.Helper()
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func identity(t *testing.T) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

func TestSealAndOpen(t *testing.T) {
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]KeyOptions{
		"a file":          {Path: filepath.Join(t.TempDir(), "state", "runbook", "key")},
		"RUNBOOK_KEY":     {Identity: identity(t)},
		"several":         {Identity: "# new\n" + identity(t) + "\n# old\n" + identity(t) + "\n"},
		"a post-quantum":  {Identity: hybrid.String()},
		"one before file": {Identity: identity(t), Path: "/nowhere/key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, options)
			for _, text := range []string{"", "hunter2", strings.Repeat("long", 100_000)} {
				sealed, err := s.Seal([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				if text != "" && bytes.Contains(sealed, []byte(text)) {
					t.Error("it can be read")
				}
				for _, sealer := range []*Sealer{s, open(t, options)} {
					got, err := sealer.Open(sealed)
					if err != nil || string(got) != text {
						t.Errorf("got %.20q, %v; want %.20q", got, err, text)
					}
				}
			}
		})
	}
}

func TestAReplacedKeyStillOpens(t *testing.T) {
	before, after := identity(t), identity(t)
	sealed, err := open(t, KeyOptions{Identity: before}).Seal([]byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, KeyOptions{Identity: after + "\n" + before}).Open(sealed); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = open(t, KeyOptions{Identity: after}).Open(sealed)
	if !errors.Is(err, ErrOtherKey) || !strings.Contains(err.Error(), "RUNBOOK_KEY") {
		t.Errorf("got %v, want ErrOtherKey with the key's source", err)
	}
}

func TestAChangedByteIsNoticed(t *testing.T) {
	s := open(t, KeyOptions{Identity: identity(t)})
	sealed, err := s.Seal([]byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := s.Open(changed); err == nil {
			t.Fatalf("byte %d: got %q", i, got)
		}
		if got, err := s.Open(sealed[:i]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("first %d bytes: got %q, %v", i, got, err)
		}
	}
}

func TestNothingIsTouchedBeforeTheFirstSeal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runbook", "key")
	s := open(t, KeyOptions{Path: path})
	sealed, err := open(t, KeyOptions{Identity: identity(t)}).Seal([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(sealed); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrNoKey with the file", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Fatalf("the key's folder is there: %v", err)
	}
	if _, err := s.Seal([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): os.ModeDir | 0o700} {
		if info, err := os.Stat(file); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", file, info.Mode(), err, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) KeyOptions {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return KeyOptions{Path: path}
	}
	secret := identity(t)
	link := func(name, to string) KeyOptions {
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return KeyOptions{Path: path}
	}
	for name, c := range map[string]struct {
		options KeyOptions
		want    string
	}{
		"readable by a group": {write("group", secret, 0o640), "chmod 600 " + filepath.Join(dir, "group")},
		"readable by all":     {write("all", secret, 0o604), "its mode is 0604"},
		"with a blank":        {write("a key", secret, 0o644), "chmod 600 '" + filepath.Join(dir, "a key") + "'"},
		"of somebody else":    {owned(t, write("theirs", secret, 0o600)), "belongs to another user (number "},
		"no key in it":        {write("empty", "# nothing\n", 0o600), "holds no age identity"},
		"nothing in it":       {write("nothing", "", 0o600), "is empty: restore it from a backup, or delete it for a new one"},
		"cut off":             {write("cut", secret[:40], 0o600), "cut: line 1 begins as an age identity does"},
		"endless":             {write("endless", strings.Repeat("#\n", 1<<20), 0o600), "is too long for a key"},
		"a folder":            {KeyOptions{Path: dir}, "is a folder"},
		"a link":              {link("link", write("aim", secret, 0o600).Path), "is a symbolic link"},
		"a link to nothing":   {link("dangling", filepath.Join(dir, "nowhere")), "is a symbolic link"},
		"a device":            {KeyOptions{Path: "/dev/null"}, "is not a file"},
		"no place":            {KeyOptions{}, "no file is named"},
		"below a file":        {KeyOptions{Path: filepath.Join(write("file", "", 0o600).Path, "key")}, "not a directory"},
		"a wrong RUNBOOK_KEY": {KeyOptions{Identity: secret[20:40]}, "RUNBOOK_KEY holds no age identity"},
		"a cut RUNBOOK_KEY":   {KeyOptions{Identity: secret[:40]}, "RUNBOOK_KEY: line 1 begins as an age identity does (AGE-SECRET-KEY-1), but is none: it has 40 characters of 74"},
		"a mistyped one":      {KeyOptions{Identity: "# ours\n" + secret[:30] + "B" + secret[31:]}, "RUNBOOK_KEY: line 2 begins as an age identity does"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(c.options)
			if err == nil {
				_, err = s.Seal([]byte("x"))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret[20:40]) {
				t.Errorf("got %v, want %q in it and not the key", err, c.want)
			}
			if s != nil && c.options.Path != "" {
				if err := s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Check: got %v, want %q in it", err, c.want)
				}
			}
		})
	}
}

// owned is a file of somebody else.
func owned(t *testing.T, options KeyOptions) KeyOptions {
	t.Helper()
	if os.Geteuid() != 0 {
		return KeyOptions{Path: "/etc/passwd"} // nobody but root may give files away
	}
	if err := os.Chown(options.Path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	return options
}

func TestCheckMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runbook", "key")
	for name, options := range map[string]KeyOptions{
		"no file yet": {Path: path}, "no place": {}, "RUNBOOK_KEY": {Identity: identity(t), Path: "/dev/null"},
	} {
		if err := open(t, options).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the key's folder is there: %v", err)
	}
	s := open(t, KeyOptions{Path: path})
	if _, err := s.Seal(nil); err != nil {
		t.Fatal(err)
	}
	if err := open(t, KeyOptions{Path: path}).Check(); err != nil {
		t.Error(err)
	}
}

// TestManyAtOnceMakeOneKey: whoever comes first makes the key, and all use it.
func TestManyAtOnceMakeOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runbook", "key")
	const sealers = 32
	sealed := make([][]byte, sealers)
	var all sync.WaitGroup
	for i := range sealers {
		all.Go(func() {
			var err error
			if sealed[i], err = open(t, KeyOptions{Path: path}).Seal([]byte("hunter2")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := open(t, KeyOptions{Path: path})
	for i, message := range sealed {
		if got, err := s.Open(message); err != nil || string(got) != "hunter2" {
			t.Errorf("%d: got %q, %v", i, got, err)
		}
	}
}

func BenchmarkSealer(b *testing.B) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(KeyOptions{Identity: id.String()})
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat([]byte("x"), 300)
	sealed, err := s.Seal(text)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("age", func(b *testing.B) {
		for b.Loop() {
			if _, err := wrap(text, id.Recipient()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Seal(text); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(sealed)-len(text)), "overhead-bytes")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Open(sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
