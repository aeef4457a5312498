package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// recall takes the run up. Where nothing is sent, the key of encrypted inputs is not needed: who says what was done is taken at their word also
// where it is gone.
func (o *undoOptions) recall(ctx context.Context, eng *engine.Engine, opts engine.RecallOptions) (*engine.Recalled, diagnostics) {
	r, diags := eng.Recall(ctx, o.Run, opts)
	if !engine.InputsUnread(diags) {
		return r, diags
	}
	return o.withoutInputs(ctx, eng, opts, diags)
}

// withoutInputs takes a run up whose inputs can't be read, where nothing is sent: refused says why it can't be otherwise, to which the ways are
// added that there are without them.
func (o *undoOptions) withoutInputs(ctx context.Context, eng *engine.Engine, opts engine.RecallOptions, refused diagnostics) (*engine.Recalled, diagnostics) {
	ways := ""
	diags := o.look(ctx, eng, opts, func(p *local.Past) { o.blind, ways = o.onlySettles(p), o.waysByHand(p) })
	switch {
	case diags.HasErrors():
		return nil, diags
	case o.blind:
		return eng.Recall(ctx, o.Run, idly(opts))
	}
	refused[0].Detail += ways
	return nil, refused
}

// idly are the options of a session that sends nothing.
func idly(opts engine.RecallOptions) engine.RecallOptions {
	opts.Idle = true
	opts.Undo = func(*local.Past) []run.Effect { return nil }
	return opts
}

// look has a look at what happened in the run, and lets go of it. That it can't be taken up is told by who does.
func (o *undoOptions) look(ctx context.Context, eng *engine.Engine, opts engine.RecallOptions, at func(*local.Past)) diagnostics {
	opts.Earlier = nil // they are told once it is clear how the run is taken up
	r, diags := eng.Recall(ctx, o.Run, idly(opts))
	if diags.HasErrors() {
		return nil
	}
	at(r.Past)
	return r.Drop(ctx)
}

// onlySettles reports whether a session can do what was said without sending anything: writes in doubt are settled before any undo.
func (o *undoOptions) onlySettles(p *local.Past) bool {
	said := func(d run.Doubt) bool { return o.said.of(d) != "" }
	return len(o.toSend(p)) == 0 || slices.ContainsFunc(o.writesInDoubt(p), said)
}

// waysByHand says what there is to do where the key is gone for good: the commands that settle what is chosen, which send nothing.
func (o *undoOptions) waysByHand(p *local.Past) string {
	var looks, undos []string
	for _, d := range o.writesInDoubt(p) {
		looks = append(looks, o.command(settles(d, o.Run)+" --in-doubt done"))
	}
	for _, e := range o.effects(p) {
		undos = append(undos, o.command("undo "+o.Run+" "+run.Quote(e.String())+" --in-doubt done"))
	}
	var ways []string
	if len(looks) > 0 {
		ways = append(ways, "look whether the writes in doubt took place, and say so with: "+inAll(looks)+" (or --in-doubt redo: it did not)")
	}
	if len(undos) > 0 {
		ways = append(ways, "take back by hand, last first, what is not taken back yet, and say so with: "+inAll(undos))
	}
	if len(ways) == 0 {
		return ""
	}
	return " Where it is gone for good, " + strings.Join(ways, "; and ") + "."
}

// inAll lists commands, the first of many.
func inAll(commands []string) string {
	text := `"` + strings.Join(commands[:min(len(commands), mostLeft)], `"; "`) + `"`
	if more := len(commands) - mostLeft; more > 0 {
		return fmt.Sprintf("%s; and so on for %d more, which are told then", text, more)
	}
	return text
}
