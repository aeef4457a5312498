package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parse makes the value of an answer from what a person wrote, and checks it. An approval takes "yes" or "no" and nothing
// else, a confirmation y and n too; a checklist "all", "none", or items by their text or number with commas between; an
// input a value of its type, or nothing where it has a default. Errors say what is accepted.
func (q *Question) Parse(text string) (json.RawMessage, error) {
	text = strings.TrimSpace(text)
	switch q.Kind {
	case AskApproval:
		return parseApproval(text)
	case AskConfirm:
		return parseYesNo(text)
	case AskChecklist:
		items, err := q.parseItems(text)
		if err != nil {
			return nil, err
		}
		return json.Marshal(items)
	case AskInput:
		return q.parseInput(text)
	}
	return nil, fmt.Errorf("a question of the kind %q is not known to this version", q.Kind)
}

// Beforehand is Parse for an answer that was given before anybody asked, in the arguments of a process: not a sensitive one.
func (q *Question) Beforehand(text string) (json.RawMessage, error) {
	if q.Sensitive {
		return nil, errors.New("it is sensitive, and everybody on the machine can see the arguments of a process; " +
			"take a sensitive variable or a secret instead, or answer when the step waits")
	}
	return q.Parse(text)
}

// Check says whether a value answers the question: what another process sent may be anything.
func (q *Question) Check(value json.RawMessage) error {
	switch q.Kind {
	case AskApproval, AskConfirm:
		var yes *bool
		if err := json.Unmarshal(value, &yes); err != nil || yes == nil {
			return fmt.Errorf("the answer is true or false, not %s", value)
		}
		return nil
	case AskChecklist:
		var items *[]string
		if err := json.Unmarshal(value, &items); err != nil || items == nil {
			return fmt.Errorf("the answer is a list of items, not %s", value)
		}
		for _, item := range *items {
			if !slices.Contains(q.Items, item) {
				return fmt.Errorf("there is no item %q", item)
			}
		}
		return nil
	}
	if texts := named(value); len(texts) == 1 && Hidden(texts[0]) && slices.Contains(q.Choices, texts[0]) {
		return nil // of a history, which does not show it whole
	}
	text, err := q.inputText(value)
	if err != nil {
		return err
	}
	return q.fits(text)
}

// MayAnswer reports whether somebody, "alice@ops", is among the approvers: by name, or by name and host, "bob@ops". Where there are
// none, anybody is. Of an approver's e-mail address the part before the @ is the name, and so is what follows the @ of a chat's "@alice".
func (q *Question) MayAnswer(by string) bool {
	name, _, _ := strings.Cut(by, "@")
	return len(q.Approvers) == 0 || slices.ContainsFunc(q.Approvers, func(approver string) bool {
		return approver == by || name != "" && loginOf(approver) == name
	})
}

// loginOf is the name with which an approver logs in; empty where only a name and a host together do. A host that a file names as such
// has no dot, the domain of an e-mail address has.
func loginOf(approver string) string {
	name, host, has := strings.Cut(approver, "@")
	switch {
	case !has:
		return approver
	case name == "" && !strings.Contains(host, "@"):
		return host
	case strings.Contains(host, "."):
		return name
	}
	return ""
}

func parseApproval(text string) (json.RawMessage, error) {
	switch text {
	case "yes":
		return json.RawMessage("true"), nil
	case "no":
		return json.RawMessage("false"), nil
	}
	return nil, errors.New(`write "yes" to approve or "no" to deny; nothing else counts`)
}

func parseYesNo(text string) (json.RawMessage, error) {
	switch strings.ToLower(text) {
	case "yes", "y", "true":
		return json.RawMessage("true"), nil
	case "no", "n", "false":
		return json.RawMessage("false"), nil
	}
	return nil, errors.New("write yes or no")
}

// parseItems finds the items that a text names, in the order of the list.
func (q *Question) parseItems(text string) ([]string, error) {
	if text == "all" || text == "none" {
		return q.allOrNone(text)
	}
	named := map[int]bool{}
	parts := strings.Split(text, ",")
	for from := 0; from < len(parts); {
		item, used, err := q.findItem(parts[from:])
		if err != nil {
			return nil, err
		}
		if used == 0 {
			return nil, fmt.Errorf("there is no item %q; write all, none, or items by their number (1 to %d) or text, with commas between",
				strings.TrimSpace(parts[from]), len(q.Items))
		}
		named[item] = true
		from += used
	}
	items := []string{}
	for i, item := range q.Items {
		if named[i] {
			items = append(items, item)
		}
	}
	return items, nil
}

// allOrNone gives the items that one of these words means; an item of that name, in whichever case, makes it two things.
func (q *Question) allOrNone(word string) ([]string, error) {
	if i := slices.IndexFunc(q.Items, func(item string) bool { return strings.EqualFold(item, word) }); i >= 0 {
		return nil, fmt.Errorf("%q means two things: %[1]s of the items, and item %d, %q; write the items by their numbers, or answer in the form, without a VALUE",
			word, i+1, q.Items[i])
	}
	if word == "none" {
		return []string{}, nil
	}
	return append([]string{}, q.Items...), nil
}

// findItem finds the item that a list of parts begins with: a text may have commas of its own, so the longest counts.
func (q *Question) findItem(parts []string) (index, used int, err error) {
	for n := len(parts); n > 1; n-- {
		if i := slices.Index(q.Items, strings.TrimSpace(strings.Join(parts[:n], ","))); i >= 0 {
			return i, n, nil
		}
	}
	switch i, err := q.Item(strings.TrimSpace(parts[0])); {
	case err != nil:
		return 0, 0, err
	case i >= 0:
		return i, 1, nil
	}
	return 0, 0, nil
}

// Item finds the item of a checklist that a word names by its text or its number, from 1; -1: none. One that is the text of an item and
// the number of another is an error.
func (q *Question) Item(word string) (int, error) {
	text, number := slices.Index(q.Items, word), -1
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(q.Items) {
		number = n - 1
	}
	if text >= 0 && number >= 0 && text != number {
		return -1, fmt.Errorf("%q means two items: number %d, %q, and the text of number %d; write the text of the one or the number of the other, "+
			"or answer in the form, without a VALUE", word, number+1, q.Items[number], text+1)
	}
	return max(text, number), nil
}

func (q *Question) parseInput(text string) (json.RawMessage, error) {
	if text == "" && len(q.Default) > 0 {
		return q.Default, nil
	}
	if text == "" && (q.Pattern == "" || q.Type != "" && q.Type != "string") {
		return nil, errors.New("write a value")
	}
	if i, err := q.choice(text); err != nil {
		return nil, err
	} else if i >= 0 && Hidden(q.Choices[i]) {
		return json.Marshal(q.Choices[i])
	}
	var value any = text
	switch q.Type {
	case "number":
		if !isNumber(text) {
			return nil, fmt.Errorf("%s is not a number", q.quote(text))
		}
		value = json.Number(text)
	case "bool":
		yes, err := parseYesNo(text)
		if err != nil {
			return nil, fmt.Errorf("%s is not true or false", q.quote(text))
		}
		value, text = yes, string(yes)
	}
	if err := q.fits(text); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// quote repeats what somebody wrote in an error, unless nobody may see it.
func (q *Question) quote(text string) string {
	if q.Sensitive {
		return "the answer"
	}
	return strconv.Quote(text)
}

// isNumber reports a number as JSON writes it.
func isNumber(text string) bool {
	var n json.Number
	return text != "" && text[0] != '"' && json.Unmarshal([]byte(text), &n) == nil && n != ""
}

// inputText reads an input's value as the text that a person would have written.
func (q *Question) inputText(value json.RawMessage) (string, error) {
	kind := q.Type
	if kind == "" {
		kind = "string"
	}
	text := string(value)
	ok := false
	switch kind {
	case "number":
		ok = isNumber(text)
	case "bool":
		ok = text == "true" || text == "false"
	default:
		var s *string
		if ok = json.Unmarshal(value, &s) == nil && s != nil; ok {
			text = *s
		}
	}
	if !ok {
		if q.Sensitive {
			return "", fmt.Errorf("the answer is not a %s", kind)
		}
		return "", fmt.Errorf("the answer is a %s, not %s", kind, value)
	}
	return text, nil
}

// fits holds a text against the range of numbers, the choices and the pattern.
func (q *Question) fits(text string) error {
	if q.Type == "number" && !inRange(text) {
		return fmt.Errorf("%s is too large or too small a number", q.quote(text))
	}
	if len(q.Choices) > 0 && !slices.ContainsFunc(q.Choices, func(c string) bool { return c == text || q.Type == "number" && sameNumber(c, text) }) {
		return fmt.Errorf("%s is not one of %s", q.quote(text), q.ListedChoices())
	}
	if q.Pattern == "" {
		return nil
	}
	pattern, err := regexp.Compile(`\A(?:` + q.Pattern + `)\z`)
	if err != nil {
		return fmt.Errorf("the pattern %s can't be read: %w", q.Pattern, err)
	}
	if !pattern.MatchString(text) {
		return fmt.Errorf("%s does not match the pattern %s", q.quote(text), q.Pattern)
	}
	return nil
}

// inRange reports a number that is one by its size in what others read it with, an IEEE 754 double.
func inRange(text string) bool {
	n, err := strconv.ParseFloat(text, 64)
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	return err == nil && (n != 0 || !strings.ContainsAny(digits, "123456789"))
}

func sameNumber(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}
