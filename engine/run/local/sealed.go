package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// blankPart stands in an event for a note or an answer that is sealed.
var blankPart = json.RawMessage(`"` + lang.Blank + `"`)

// errNoteLost is why a system can't be asked about a write: what to ask for is not to be had any more.
var errNoteLost = errors.New("what was noted before it was sent is sensitive, and can't be read back")

// sealBlanked encrypts what a resume needs of an event in which a secret is blanked that nobody had marked, such as the echo
// of one, or was when a bound cut a result in the middle of it; nil: it needs nothing.
func (s *session) sealBlanked(e *run.Event) []byte {
	switch {
	case e.Arguments != nil || e.UndoWith != nil:
		left := sealedResult{Result: e.Arguments}
		if e.UndoWith != nil {
			left.Undo = &sealedResult{Result: e.UndoWith.Values}
		}
		return s.seal(left)
	case e.Each != nil:
		return s.seal(sealedResult{Result: e.Each})
	case e.Result != nil:
		return s.seal(sealedResult{Result: e.Result})
	case e.Note != nil:
		return s.seal(e.Note)
	case e.Answer != nil:
		return s.seal(e.Answer.Value)
	case e.Question != nil && e.Question.TimeoutAnswer != nil:
		return s.seal(e.Question.TimeoutAnswer)
	}
	return nil
}

// unblank puts back what an event of the past leaves out, but for results. What can't be had stays blank.
func (p *Past) unblank(e *run.Event, sealed []byte) {
	var part *json.RawMessage
	switch {
	case e.Note != nil:
		part = &e.Note
	case e.Answer != nil:
		answer := *e.Answer
		e.Answer, part = &answer, &answer.Value
	case e.Question != nil && lang.HoldsBlank(e.Question.TimeoutAnswer) && !e.Question.Sensitive: // beside which a probe is sealed
		question := *e.Question
		e.Question, part = &question, &question.TimeoutAnswer
	default:
		return
	}
	if sealed == nil || p.cfg.Unseal == nil {
		if lang.HoldsBlank(*part) {
			p.missed("what is sensitive in the history was not read back")
		}
		return
	}
	plain, err := p.cfg.Unseal(sealed)
	if err != nil || !json.Valid(plain) {
		p.missed("a sensitive part of the history can't be read back")
		p.cfg.Host.Log.Warn("a sensitive part of the run can't be read back", "step", e.Step, "event", e.Type, "error", err)
		*part = blankPart
		return
	}
	var with sealedKey
	if e.Question != nil && json.Unmarshal(plain, &with) == nil && with.Key != nil {
		plain = with.TimeoutAnswer
	}
	*part = plain
	tellAnswer(plain, p.cfg.Secrets)
}

// tellAnswer has the words or the number of a sensitive part blanked in this session too.
func tellAnswer(text json.RawMessage, sink SecretSink) {
	if sink == nil {
		return
	}
	var word string
	if json.Unmarshal(text, &word) == nil {
		sink.Add(word)
		return
	}
	var number json.Number
	if json.Unmarshal(text, &number) == nil {
		sink.Add(number.String())
	}
}

// blankAnswer is an answer without its value.
func blankAnswer(a *run.Answer) *run.Answer {
	blank := *a
	blank.Value = blankPart
	return &blank
}

// isLost reports whether a part of an event was sealed and can't be had any more.
func isLost(part json.RawMessage) bool { return strings.TrimSpace(string(part)) == string(blankPart) }

// The stages in which what is encrypted is read back: what an earlier one tells, a later one knows.
const (
	stageSecrets = iota // what secret(…) gave
	stageResults
	stagePieces // of results, texts in which something was blanked
	stageSent
	stages
)

// reads has a part of an event read back: the secrets in it are known from then on, wherever they show up. read says why it can't be.
func (p *Past) reads(stage int, part json.RawMessage, sealed []byte, read func() (lost string)) {
	switch {
	case sealed != nil:
		p.sealed[stage] = append(p.sealed[stage], read)
	case lang.HoldsBlank(part):
		p.missed("what is sensitive in the history was not kept")
	}
}

// missed keeps why a secret of the run is not known in this session.
func (p *Past) missed(why string) { p.unread = cmp.Or(p.unread, why) }

// readSealed reads back what is encrypted, with all processors.
func (p *Past) readSealed() {
	for stage := range p.sealed {
		p.readStage(p.sealed[stage])
	}
}

func (p *Past) readStage(reads []func() (lost string)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	lost := make([]string, len(reads))
	for at := range workers {
		wg.Go(func() {
			for i := at; i < len(reads); i += workers {
				lost[i] = reads[i]()
			}
		})
	}
	wg.Wait()
	p.missed(cmp.Or(lost...))
}

// tellSealed tells the secrets of a sealed result, of which shown is what everybody may see. No value is made of the rest: that is read when
// somebody asks for it. lost says why it can't be had.
func (p *Past) tellSealed(schema *provider.Object, shown json.RawMessage, sealed []byte) (lost string) {
	var kept struct{ Result map[string]json.RawMessage }
	if lost := p.open(resultPart, sealed, &kept); lost != "" {
		return lost
	}
	var seen map[string]json.RawMessage
	if err := json.Unmarshal(shown, &seen); err != nil {
		return unreadable(resultPart, err)
	}
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		part, seenAs := kept.Result[a.Name], seen[a.Name]
		if seenAs == nil {
			seenAs = blankPart // its name holds a secret
		}
		if part == nil || !holdsSecrets(a) || !lang.HoldsBlank(seenAs) || bytes.Equal(part, seenAs) {
			continue // what was blank when it was kept tells nothing
		}
		if err := p.tellBlanked(part, seenAs); err != nil {
			return unreadable(resultPart, err)
		}
	}
	return ""
}

// tellBlanked tells of a part of a result what is blank in what everybody may see of it. Of a text a piece of which is blank, only what is known
// by then of the other secrets says whether all of it is to be one.
func (p *Past) tellBlanked(part, seen json.RawMessage) error {
	v, err := provider.ExactJSON(part)
	if err != nil || p.cfg.Secrets == nil {
		return err
	}
	_, blanks := withoutBlanks(seen)
	for _, b := range blanks {
		changeAt(v, b.at, func(secret cty.Value) cty.Value {
			for text := range lang.Texts(secret) {
				if b.seen == lang.Blank {
					p.cfg.Secrets.Suspect(text)
				} else {
					p.tellPiece(text, b.seen)
				}
			}
			return secret
		})
	}
	return nil
}

// tellPiece has a text blanked as a whole of which this session does not blank the piece by itself that was.
func (p *Past) tellPiece(text, seen string) {
	p.pieces.Lock()
	defer p.pieces.Unlock()
	p.sealed[stagePieces] = append(p.sealed[stagePieces], func() string {
		if p.cfg.shown(text) != seen {
			p.cfg.Secrets.Suspect(text)
		}
		return ""
	})
}
