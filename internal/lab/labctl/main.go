package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/e82355ed/runbook/internal/lab"
	"github.com/e82355ed/runbook/internal/lab/demoapi"
)

const usage = `usage: labctl COMMAND

  up              start what is not running, write the env file
  down            stop what up started, remove its data
  status          list the processes
  env             print the env file
  run PROGRAM...  run a program with the lab's env
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		var exit exitStatus
		if errors.As(err, &exit) {
			os.Exit(int(exit))
		}
		fmt.Fprintln(os.Stderr, "labctl:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return askForHelp()
	}
	if args[0] == "serve-api" {
		return serveAPI(ctx, args[1:])
	}
	l, err := newLab()
	if err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return l.Up(ctx)
	case "down":
		return l.Down(ctx)
	case "status":
		return l.Status()
	case "env":
		content, err := os.ReadFile(l.EnvFile())
		_, _ = os.Stdout.Write(content)
		return err
	case "run":
		return runWith(ctx, l, args[1:])
	}
	return askForHelp()
}

// askForHelp says how labctl is called.
func askForHelp() error {
	fmt.Fprint(os.Stderr, usage)
	return exitStatus(2)
}

// newLab finds the work tree that labctl was called in.
func newLab() (*lab.Lab, error) {
	root, err := workTree()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return lab.New(lab.Config{
		Root: root, StateDir: filepath.Join(root, ".lab"), CacheDir: filepath.Join(cache, "runbook-lab"),
		KubernetesBinaries: os.Getenv("KUBEBUILDER_ASSETS"), Labctl: self, Out: os.Stdout,
	})
}

// workTree is the nearest directory upwards that has a go.mod.
func workTree() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.EvalSymlinks(dir)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod here or above: call labctl inside the repository")
		}
		dir = parent
	}
}

// runWith runs a program with the lab's variables on top of the environment.
func runWith(ctx context.Context, l *lab.Lab, args []string) error {
	if len(args) == 0 {
		return askForHelp()
	}
	environ, err := lab.ReadEnv(l.EnvFile())
	if err != nil {
		return fmt.Errorf("%w (start the lab first)", err)
	}
	program := exec.CommandContext(ctx, args[0], args[1:]...)
	program.Env = append(os.Environ(), environ...)
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	err = program.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exitStatus(exit.ExitCode())
	}
	return err
}

// exitStatus is that of the program which labctl ran; the program has said what is wrong.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func serveAPI(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve-api", flag.ContinueOnError)
	address := flags.String("address", "", "host and port to listen on")
	tokenFile := flags.String("token-file", "", "file with the token that opens /private")
	user := flags.String("user", "", "user who may see /private with the password in LAB_API_PASSWORD")
	if err := flags.Parse(args); err != nil {
		return err
	}
	token, err := firstLine(*tokenFile)
	if err != nil {
		return err
	}
	return demoapi.Serve(ctx, demoapi.Config{
		Address: *address, Token: token, User: *user, Password: os.Getenv("LAB_API_PASSWORD"),
	})
}

func firstLine(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	defer func() { _ = file.Close() }()
	line, _ := bufio.NewReader(file).ReadString('\n')
	return strings.TrimSpace(line), nil
}
