package lang

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// date is date(day, timezone): the day's first moment, as RFC 3339 with the zone's offset. Relative days count from
// the run's start. Without a zone it is UTC.
func (h *FunctionHost) date() function.Function {
	zone := text("timezone")
	return function.New(&function.Spec{
		Params:       []function.Parameter{text("day")},
		VarParam:     &zone,
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, errors.New("date takes a day and a time zone")
			}
			location := time.UTC
			if len(args) == 2 {
				var err error
				if location, err = time.LoadLocation(args[1].AsString()); err != nil || args[1].AsString() == "Local" {
					return cty.NilVal, function.NewArgErrorf(1, "%q is not a time zone; write one like \"Europe/Berlin\"", args[1].AsString())
				}
			}
			name := strings.ToLower(strings.Join(strings.Fields(args[0].AsString()), " "))
			if day, err := time.ParseInLocation(time.DateOnly, name, location); err == nil {
				return cty.StringVal(day.Format(time.RFC3339)), nil
			}
			day, ok := relativeDay(name, h.StartedAt.In(location))
			switch {
			case !ok:
				return cty.NilVal, function.NewArgError(0, fmt.Errorf("%q is not a day; write \"2026-01-31\", \"today\", \"yesterday\", "+
					"\"last monday\", \"start of week\" or \"start of month\"", args[0].AsString()))
			case h.Static:
				return cty.UnknownVal(cty.String), nil
			}
			return cty.StringVal(day.Format(time.RFC3339)), nil
		},
	})
}

// relativeDay finds the day that a name means seen from now. Weeks begin on Monday; "last monday" is the latest Monday
// before today.
func relativeDay(name string, now time.Time) (time.Time, bool) {
	day := func(offset int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+offset, 0, 0, 0, 0, now.Location())
	}
	switch name {
	case "today":
		return day(0), true
	case "yesterday":
		return day(-1), true
	case "tomorrow":
		return day(1), true
	case "start of week":
		return day(-int(now.Weekday()+6) % 7), true
	case "start of month":
		return day(1 - now.Day()), true
	}
	weekday, last := strings.CutPrefix(name, "last ")
	for w := time.Sunday; last && w <= time.Saturday; w++ {
		if strings.ToLower(w.String()) == weekday {
			back := int(now.Weekday()-w+7) % 7
			if back == 0 {
				back = 7
			}
			return day(-back), true
		}
	}
	return time.Time{}, false
}
