package local

import (
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestConstants(t *testing.T) {
	for name, c := range map[string]struct{ good, bad []string }{
		"exit_code": {[]string{"0", "255"}, []string{"-1", "256", "1.5"}},
		"file_to_write": {[]string{"a", "/etc/motd", "/dev/shm/a", "/process/a", "/proc.txt"},
			[]string{"/proc/1/mem", "/proc", "/sys/kernel/x", "/dev/null", "/tmp/../proc/sys/vm/swappiness", "/tmp/", "..", "a/."}},
	} {
		check := New().Check(provider.Host{}, name)
		for _, value := range c.good {
			if err := check(value); err != nil {
				t.Errorf("%s of %q: %v", name, value, err)
			}
		}
		for _, value := range c.bad {
			if check(value) == nil {
				t.Errorf("%s accepts %q", name, value)
			}
		}
	}
	if got := commandMisfits(&commandArgs{Command: []string{""}}, func(string) bool { return true }); got["command"] == "" {
		t.Error("an empty program is accepted")
	}
}
