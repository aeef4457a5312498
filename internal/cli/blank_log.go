package cli

import (
	"fmt"

	"github.com/hashicorp/go-hclog"
)

// blankLog blanks secrets in the values that are logged, and leaves the words about them alone.
type blankLog struct {
	hclog.Logger
	blank func(string) string
}

// values are what is logged beside a message, as name and value.
func (l blankLog) values(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			out[i] = l.blank(arg)
		case error:
			out[i] = l.blank(arg.Error())
		case fmt.Stringer:
			out[i] = l.blank(arg.String())
		default:
			out[i] = arg
		}
		if i%2 == 0 {
			out[i] = arg // a name
		}
	}
	return out
}

// Log implements hclog.Logger, as do the others.
func (l blankLog) Log(level hclog.Level, msg string, args ...any) {
	l.Logger.Log(level, msg, l.values(args)...)
}

func (l blankLog) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l blankLog) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l blankLog) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l blankLog) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l blankLog) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l blankLog) With(args ...any) hclog.Logger {
	return blankLog{l.Logger.With(l.values(args)...), l.blank}
}
func (l blankLog) Named(name string) hclog.Logger {
	return blankLog{l.Logger.Named(name), l.blank}
}
func (l blankLog) ResetNamed(name string) hclog.Logger {
	return blankLog{l.Logger.ResetNamed(name), l.blank}
}
