package prometheus

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/e82355ed/runbook/engine/provider"
)

// parse accepts all that some server may: whether experimental functions are switched on is the server's.
func parse(text string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{
		EnableExperimentalFunctions: true, EnableBinopFillModifiers: true,
	}).ParseExpr(text)
}

// checkPromQL parses an expression, types included, and asks that it gives an instant vector or a scalar.
func checkPromQL(text string) error {
	expr, err := parse(text)
	if err != nil {
		return promQLError(text, err)
	}
	switch expr.Type() {
	case parser.ValueTypeMatrix:
		return fmt.Errorf("it gives a range of samples for each series, where one value is wanted; " +
			"put a function around it, such as rate(…), avg_over_time(…) or max_over_time(…)")
	case parser.ValueTypeString:
		return fmt.Errorf("it gives a string, where a number is wanted")
	}
	return nil
}

// promQLError keeps the place of the first mistake.
func promQLError(text string, err error) error {
	list, ok := errors.AsType[parser.ParseErrors](err)
	if !ok || len(list) == 0 {
		return fmt.Errorf("not PromQL: %w", err)
	}
	first := list[0]
	from := min(max(int(first.PositionRange.Start), 0), len(text))
	to := min(max(int(first.PositionRange.End), from), len(text))
	return &provider.PositionError{
		Offset: from, Length: to - from, Message: "not PromQL: " + strings.TrimSpace(first.Err.Error()),
	}
}

// ranges lists the lengths of the ranges that an expression looks back over.
func ranges(text string) []time.Duration {
	expr, err := parse(text)
	if err != nil {
		return nil // the server says what is wrong with it
	}
	var found []time.Duration
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if m, ok := node.(*parser.MatrixSelector); ok {
			found = append(found, m.Range)
		}
		return nil
	})
	return found
}
