package lab

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvFileIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	variables := []variable{
		{"PLAIN", "127.0.0.1:6379"},
		{"EMPTY", ""},
		{"URL", "postgres://u:p@127.0.0.1/db?sslmode=disable&x=$HOME"},
		{"QUOTED", "it's \"here\"; `now`"},
	}
	if err := writeEnv(path, variables); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, v := range variables {
		want = append(want, v.Name+"="+v.Value)
	}
	got, err := ReadEnv(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadEnv (-want +got):\n%s", diff)
	}
	shell := exec.Command("/bin/sh", "-c", `. "$0"; printf '%s\n' "PLAIN=$PLAIN" "EMPTY=$EMPTY" "URL=$URL" "QUOTED=$QUOTED"`, path)
	out, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
		t.Errorf("a shell reads (-want +got):\n%s", diff)
	}
}
