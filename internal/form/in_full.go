package form

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/internal/term"
)

// words are the choices as they are to be written: "done, redo or abort".
func (r *Request) words() string {
	last := len(r.Question.Choices) - 1
	return strings.Join(r.Question.Choices[:last], ", ") + " or " + r.Question.Choices[last]
}

// parse reads what was written as an answer. A choice in full may be written in whichever case.
func (r *Request) parse(text string) (json.RawMessage, error) {
	if !r.InFull {
		return r.Question.Parse(text)
	}
	text = strings.TrimSpace(text)
	i := slices.IndexFunc(r.Question.Choices, func(c string) bool { return strings.EqualFold(c, text) })
	switch {
	case i >= 0:
		return r.Question.Parse(r.Question.Choices[i])
	case text == "":
		return nil, fmt.Errorf("write %s in full", r.words())
	}
	return nil, fmt.Errorf("%s is none of these words: write %s in full", strconv.Quote(term.CleanLine(text)), r.words())
}
