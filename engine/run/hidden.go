package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// hiddenText stands in what everybody may read in the place of a secret.
const hiddenText = "(sensitive)"

// Hidden reports whether a part of an item or a choice is not shown: whoever reads of it elsewhere can name it by its number.
func Hidden(text string) bool { return strings.Contains(text, hiddenText) }

// choice finds the choice that a text means: the one that it is, or, of those that are not shown whole, the one with its number, from 1;
// -1: none.
func (q *Question) choice(text string) (int, error) {
	is, number := slices.IndexFunc(q.Choices, func(c string) bool { return c == text || q.Type == "number" && sameNumber(c, text) }), -1
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Choices) && Hidden(q.Choices[n-1]) {
		number = n - 1
	}
	if is >= 0 && number >= 0 && is != number {
		return -1, fmt.Errorf("%q means two choices: number %d, and the text of number %d; answer in the form, without a VALUE", text, number+1, is+1)
	}
	return max(is, number), nil
}

// ListedChoices are the choices in a line, with their numbers where one is not shown whole.
func (q *Question) ListedChoices() string {
	if !slices.ContainsFunc(q.Choices, Hidden) {
		return strings.Join(q.Choices, ", ")
	}
	var out []string
	for i, choice := range q.Choices {
		out = append(out, fmt.Sprintf("%d. %s", i+1, choice))
	}
	return strings.Join(out, ", ")
}

// Distinct reports, for an answer that was given where secrets are not shown, that it names one of several items or choices that read alike.
func (q *Question) Distinct(value json.RawMessage) error {
	all := slices.Concat(q.Items, q.Choices)
	for _, text := range named(value) {
		n := 0
		for _, one := range all {
			if one == text {
				n++
			}
		}
		if Hidden(text) && n > 1 {
			return fmt.Errorf("%d of these read %q, as they hold secrets, and an answer can't tell them apart; give them other words in the file", n, text)
		}
	}
	return nil
}

// named are the texts of an answer.
func named(value json.RawMessage) []string {
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return list
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return nil
	}
	return []string{text}
}

// InFull gives an answer, and its notes on items, with the items and choices of the question in the place of those that are not shown whole.
// shown blanks a text. What names none, or one of several, stays as it is.
func (q *Question) InFull(value json.RawMessage, notes map[string]string, shown func(string) string) (json.RawMessage, map[string]string) {
	whole := map[string]string{}
	for _, one := range slices.Concat(q.Items, q.Choices) {
		text := shown(one)
		if _, twice := whole[text]; twice {
			one = text
		}
		whole[text] = one
	}
	full := func(text string) (string, bool) {
		one, ok := whole[text]
		return one, ok && Hidden(text)
	}
	inFull := maps.Clone(notes)
	for item, note := range notes {
		if one, ok := full(item); ok {
			delete(inFull, item)
			inFull[one] = note
		}
	}
	texts := named(value)
	switch {
	case !slices.ContainsFunc(texts, Hidden):
		return value, inFull
	case q.Kind == AskChecklist:
		for i, text := range texts {
			if one, ok := full(text); ok {
				texts[i] = one
			}
		}
		value, _ = json.Marshal(texts) // strings always are JSON
	case q.Kind == AskInput && len(q.Choices) > 0:
		one, ok := full(texts[0])
		switch {
		case !ok:
		case q.Type == "number" || q.Type == "bool":
			value = json.RawMessage(one)
		default:
			value, _ = json.Marshal(one)
		}
	}
	return value, inFull
}
