package redact

import (
	"index/suffixarray"
	"iter"
)

// openTexts are what stands in the open. They are looked at once something is held against them.
type openTexts struct {
	told []iter.Seq[string]
	// index finds a folded text in all that was told, which stands apart from one another; nil: it is to be made.
	index *suffixarray.Index
}

func (o *openTexts) add(texts iter.Seq[string]) { o.told, o.index = append(o.told, texts), nil }

// has reports whether a folded text stands in one of them.
func (o *openTexts) has(text string) bool {
	if len(o.told) == 0 {
		return false
	}
	if o.index == nil {
		var all []byte
		seen := map[string]struct{}{}
		for _, texts := range o.told {
			for text := range texts {
				if _, again := seen[text]; !again && len(text) >= MinLength {
					seen[text] = struct{}{}
					all = append(append(all, folded(text)...), 0)
				}
			}
		}
		o.index = suffixarray.New(all)
	}
	return len(o.index.Lookup([]byte(text), 1)) > 0
}
