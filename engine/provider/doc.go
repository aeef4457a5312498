// Package provider is what the author of a provider needs, and all of it: declare actions as tagged Go structs, get
// schemas, static types, decoding, documentation and validation from that one declaration.
//
// Beside it stand what providers share: providertest, the contract as a test suite; neterr, network failures in plain
// words; trust and httpclient, TLS and HTTP as the environment and a configuration have them.
//
// It is not a registry (see providers/builtin) and does not run steps (see engine/run/local). Start at [New], which
// declares a provider, and [Define], which declares one of its actions.
//
// # Structs
//
// Arguments, results and provider configurations are structs whose exported fields carry an `rb` tag:
//
//	type podsArgs struct {
//		Namespace string  `rb:"namespace" doc:"Namespace to list; \"*\" means all."`
//		Selector  string  `rb:"label_selector" check:"label_selector" doc:"Label selector."`
//		Query     string  `rb:"query,required" check:"promql" doc:"PromQL expression."`
//		Limit     int     `rb:"limit" default:"500" doc:"At most this many pods are returned."`
//		Password  string  `rb:"password,sensitive" doc:"Password."`
//		Format    string  `rb:"format" default:"text" one_of:"text,json,lines" doc:"How to read the output."`
//	}
//
// The field's Go type gives the language's type:
//
//	string, *string                    string (a nil pointer is null; an empty string result stays "")
//	bool, int, int64, float64, *T      bool, number (NaN and the infinities become null, with a warning)
//	time.Duration (arguments only)     string, a duration such as "5m" or "7d"
//	time.Time (results only)           string, RFC 3339 in UTC; the zero time is null
//	[]T, map[string]T, struct          list, map, object
//	cty.Value                          any type: tuples and objects of JSON, rows of a query
//
// A null or absent argument leaves the field at its default, else its zero value.
package provider
