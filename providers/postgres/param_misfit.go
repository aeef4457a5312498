package postgres

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func queryMisfits(args *queryArgs, known provider.Known) map[string]string {
	if name, why := paramMisfit(args.SQL, args.Args, known); why != "" {
		return map[string]string{name: why}
	}
	return nil
}

// paramTakers are the statements whose $1 and so on are surely the values of args. That of CREATE FUNCTION may be the function's.
var paramTakers = set("select", "insert", "update", "delete", "merge", "values", "with")

// paramMisfit compares how many values there are with what the statement asks for. The server refuses more and fewer of them, and a
// number that is left out, whose type nothing tells.
func paramMisfit(sql string, args cty.Value, known provider.Known) (argument, why string) {
	if !known("sql") || !known("args") || sql == "" {
		return "", ""
	}
	given, argument := 0, "args"
	switch {
	case args == cty.NilVal || args.IsNull():
		argument = "sql"
	case !args.CanIterateElements() || args.Type().IsMapType() || args.Type().IsObjectType():
		return "", "" // no list, which is told elsewhere
	default:
		given = args.LengthInt()
	}
	tokens := scan(sql)
	asked := paramNumbers(tokens)
	most := 0
	if len(asked) > 0 {
		most = slices.Max(asked)
	}
	statements := split(tokens)
	switch {
	case given > most:
		return argument, fmt.Sprintf("args has %s, and the statement asks for %d; take out what no $1, $2 and so on stands for", counted(given), most)
	case len(statements) != 1 || !paramTakers[firstWord(statements[0])]:
	case given < most:
		return argument, fmt.Sprintf("the statement asks for $%d, and args has %s; give one element for each $1, $2 and so on", most, counted(given))
	default:
		for n := 1; n <= most; n++ {
			if !slices.Contains(asked, n) {
				return argument, fmt.Sprintf("the statement has no $%d, so that its type can't be told; count $1, $2 and so on without a gap", n)
			}
		}
	}
	return "", ""
}

func counted(values int) string {
	if values == 1 {
		return "1 value"
	}
	return strconv.Itoa(values) + " values"
}

// maxParams is how many a statement may have (the protocol counts them in 16 bits).
const maxParams = 65535

// paramNumbers are the numbers behind $, outside of texts and names.
func paramNumbers(tokens []token) []int {
	var found []int
	for i, t := range tokens {
		if t.kind != sign || t.text != "$" {
			continue
		}
		n, end := 0, t.at+1
		for _, digit := range tokens[i+1:] {
			if digit.kind != sign || digit.at != end || digit.text < "0" || digit.text > "9" || len(digit.text) != 1 || n > maxParams {
				break
			}
			n, end = n*10+int(digit.text[0]-'0'), end+1
		}
		if n > 0 {
			found = append(found, n)
		}
	}
	return found
}

func checkRowLimit(value string) error { return checkRange(value, 1, maxRowLimit) }

func checkKeptRows(value string) error { return checkRange(value, 0, maxExecRows) }

func checkRange(value string, least, most int) error {
	if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
		return fmt.Errorf("it is %s; write a number from %d to %d", value, least, most)
	}
	return nil
}
