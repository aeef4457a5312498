package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type commandArgs struct {
	Command           []string          `rb:"command,required,filled" doc:"Program and its arguments; no shell reads them." public:"every user of the machine can read the arguments of a program; hand it over in env or stdin"`
	Stdin             string            `rb:"stdin" doc:"What the program reads."`
	Env               map[string]string `rb:"env" check_keys:"env" doc:"Variables added to the engine's environment."`
	Dir               string            `rb:"dir" doc:"Folder to run in; by default that of the runbook."`
	Format            string            `rb:"format" default:"text" one_of:"text,json,lines" doc:"How to read the output, beside stdout: into json or into lines."`
	ExpectedExitCodes []int             `rb:"expected_exit_codes,filled" default:"[0]" check:"exit_code" doc:"Exit codes that are as they should be."`
	MaxOutputBytes    int               `rb:"max_output_bytes" default:"1048576" doc:"At most so much of stdout, and of stderr, is kept."`
}

type commandResult struct {
	ExitCode  int       `rb:"exit_code" doc:"Exit code; 128 and the signal's number after a signal, as shells have it."`
	Stdout    string    `rb:"stdout" doc:"What the program wrote to its standard output."`
	Stderr    string    `rb:"stderr" doc:"What the program wrote to its standard error."`
	JSON      cty.Value `rb:"json" doc:"Standard output decoded, with format json; else null."`
	Lines     []string  `rb:"lines" doc:"Lines of the standard output, with format lines."`
	Truncated bool      `rb:"truncated" doc:"Whether stdout or stderr is longer than max_output_bytes."`

	// how is the end in words: "exit code 3", "killed by signal: terminated".
	how string
	// evidence is the end of stderr, or of stdout where that is empty.
	evidence string
}

func command() provider.Action {
	return provider.Define(provider.Definition[*client, commandArgs, commandResult]{
		Name: "local_command", Doc: "Runs a program without a shell; its process group ends with it.",
		Effect: provider.Write, AuthorStatesEffect: true,
		Misfits: commandMisfits,
		Because: becauseCommand, Instead: "if it changes nothing, state effect = \"read\" in the step",
		Run: runCommand, NotesFirst: true, Expect: expectExit, Inquire: inquireCommand, Lingers: lingers, Program: programOf,
		Summarize: func(r *commandResult) string {
			if r.Lines != nil {
				return r.how + ", " + counted(len(r.Lines), "line", "lines")
			}
			return r.how
		},
	})
}

// becauseCommand names the program.
func becauseCommand(args *commandArgs, known provider.Known) string {
	if !known("command") || len(args.Command) == 0 {
		return "local_command starts a program that is not known before the run, and nobody looks into a program"
	}
	return fmt.Sprintf("local_command starts %s, and nobody looks into a program", args.Command[0])
}

func runCommand(ctx context.Context, in *provider.In[*client, commandArgs]) (*commandResult, error) {
	args := in.Args
	if args.Command[0] == "" {
		return nil, &provider.Error{Op: "run a command", Err: errEmptyProgram,
			NothingDone: true, Permanent: true}
	}
	// The arguments are in no error: they may hold secrets.
	failed := &provider.Error{Op: "run", Endpoint: args.Command[0], NothingDone: true, Permanent: true}
	if in.Effect != provider.Read && (in.ReadOnly || in.Client.readOnly) {
		failed.Err = provider.ErrReadOnly
		failed.Hint = "If the command changes nothing, say effect = \"read\" in the step."
		return nil, failed
	}
	if err := args.check(); err != nil {
		failed.Err = err
		return nil, failed
	}
	p, err := in.Client.process(in, failed)
	if err != nil {
		return nil, err
	}
	state, err := p.run(ctx)
	if err != nil {
		failed.Err, failed.NothingDone, failed.Permanent = err, p.id == 0, p.id == 0
		failed.Hint = ""
		if words := lastLine(in.Host.Cut(p.stderr.last())); words != "" { // it was ended while it wrote
			failed.Hint = fmt.Sprintf("The last line on its stderr: %q.", words)
		}
		if p.id != 0 && in.Key != "" { // what has left the group was stopped too
			endAll(func() []stat { return (&commandNote{}).remains(in.Key) })
		}
		return nil, failed
	}
	code, how := ending(state)
	r := &commandResult{
		ExitCode: code, how: how, Stdout: p.stdout.text(in.Host), Stderr: p.stderr.text(in.Host),
		Truncated: p.stdout.cut() || p.stderr.cut(), evidence: p.stderr.last(),
	}
	if r.evidence == "" {
		r.evidence = p.stdout.last()
	}
	if err := r.read(args, p.stdout.cut(), in.Warn); err != nil {
		failed.Op, failed.Err, failed.NothingDone = "read the output of", err, false
		failed.Partial = in.Effect != provider.Read
		failed.Hint = fmt.Sprintf("The command itself has ended, with %s.", how)
		if text := begins(r.Stdout, in.Host); text != "" {
			failed.Hint += fmt.Sprintf(" Its output begins with %q.", text)
		}
		if in.Effect != provider.Read {
			if err := p.ended(how); err != nil { // a resume will say that it is not known
				in.Warn("how the command ended could not be noted: %v", err)
			}
			failed.Hint += " What it did is done; a resume asks before it runs it again."
		}
		return r, failed
	}
	return r, nil
}

// process makes ready what a step asks for, and notes that it is about to start.
func (c *client) process(in *provider.In[*client, commandArgs], failed *provider.Error) (*process, error) {
	args := in.Args
	environ := environment(in.Host.Environ, args.Env)
	if in.Key != "" {
		environ = environment(environ, map[string]string{keyVariable: in.Key})
	}
	path, err := lookUp(args.Command[0], in.Dir, environ)
	if err != nil {
		failed.Err = err
		failed.Hint = "Install it, or write the path to it; a relative one starts at the runbook's folder."
		return nil, failed
	}
	p := &process{
		path: path, args: args.Command, environ: environ, dir: absolute(in.Dir, args.Dir), stdin: args.Stdin,
		stdout: capture{bound: args.MaxOutputBytes}, stderr: capture{bound: args.MaxOutputBytes},
	}
	if in.Effect == provider.Read { // its key, which its start tells, is all that is needed to find it
		return p, nil
	}
	if err := c.twin(in.Key); err != nil {
		failed.Err = err
		return nil, failed
	}
	note := commandNote{Program: filepath.Base(path), machine: thisMachine()}
	if err := in.NoteOpen(note); err != nil {
		failed.Err = fmt.Errorf("not started: %w", err)
		return nil, failed
	}
	p.started = func(pid int) error {
		at := time.Now().UTC()
		note.PID, note.StartedAt = pid, &at
		if s, err := statOf(pid); err == nil {
			note.StartTicks = s.start
		}
		if err := in.NoteOpen(note); err != nil {
			return fmt.Errorf("it was started and ended again: %w", err)
		}
		return nil
	}
	p.ended = func(how string) error {
		note.Ended = how
		return in.NoteOpen(note)
	}
	return p, nil
}

// check refuses what the system would pass over or answer with a bare "invalid argument".
func (a *commandArgs) check() error {
	for i, argument := range a.Command {
		if strings.ContainsRune(argument, 0) {
			return fmt.Errorf("command[%d] holds a NUL character, which no argument can", i)
		}
	}
	for name, value := range a.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("env: %q is not the name of a variable", name)
		}
		if strings.ContainsRune(value, 0) {
			return fmt.Errorf("env: the value of %s holds a NUL character, which no variable can", name)
		}
	}
	return nil
}

// read takes the output in as the format asks. That it can't be read is an error only after the expected exit code:
// after another one there is something else to tell.
func (r *commandResult) read(args *commandArgs, truncated bool, warn func(string, ...any)) error {
	r.JSON = cty.NullVal(cty.DynamicPseudoType)
	switch args.Format {
	case "lines":
		r.Lines = []string{}
		if text := strings.TrimSuffix(r.Stdout, "\n"); text != "" {
			for line := range strings.SplitSeq(text, "\n") {
				r.Lines = append(r.Lines, strings.TrimSuffix(line, "\r"))
			}
		}
	case "json":
		value, err := provider.FromJSON([]byte(r.Stdout))
		switch {
		case truncated:
			warn("json is null: stdout is cut at max_output_bytes")
		case err == nil:
			r.JSON = value
		case !slices.Contains(args.ExpectedExitCodes, r.ExitCode):
			warn("json is null: stdout is not JSON")
		case strings.TrimSpace(r.Stdout) == "":
			return errors.New("it wrote nothing, expected JSON as format says")
		default:
			return fmt.Errorf("it is not JSON, which format says: %s", jsonMistake(r.Stdout, err))
		}
	}
	return nil
}

// begins is the start of a text, at most 60 bytes of it.
func begins(text string, host provider.Host) string {
	text = strings.TrimSpace(text)
	if len(text) > 60 {
		text = strings.ToValidUTF8(host.Cut(text[:60]), "") + " …"
	}
	return text
}

// lastLine is the last line of a text, at most 200 bytes of it.
func lastLine(text string) string {
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if len(line) > 200 {
		line = strings.ToValidUTF8(line[:200], "") + " …"
	}
	return line
}

// jsonMistake says where in the text the mistake is.
func jsonMistake(text string, err error) string {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return strings.Replace(err.Error(), "unexpected EOF", "it ends too early", 1)
	}
	before := []byte(text)[:min(int(syntax.Offset), len(text))]
	return fmt.Sprintf("line %d: %s", 1+bytes.Count(before, []byte("\n")), syntax)
}

func expectExit(args *commandArgs, r *commandResult) *provider.Failure {
	if slices.Contains(args.ExpectedExitCodes, r.ExitCode) {
		return nil
	}
	expected := strings.Trim(strings.ReplaceAll(fmt.Sprint(args.ExpectedExitCodes), " ", ", "), "[]")
	return &provider.Failure{
		Message: fmt.Sprintf("%s: %s, expected %s.", args.Command[0], r.how, expected), Detail: r.evidence,
	}
}
