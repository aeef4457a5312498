package provider

import (
	"net/url"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Place is where a configuration has its actions act.
type Place struct {
	// Text names the system in full, and where in it: the namespace, the path, the search path. Two configurations with the same text act
	// on the same. What may be another without that, such as a password, a token or a certificate, is not in it.
	Text string
	// Short is what of the text names the system alone: all that histories held before, and what is shown where the rest is secret.
	// Empty: the whole text.
	Short string
	// Hidden says that no more than Short may be shown.
	Hidden bool
	// Within is what else says where in the system: a line each, "header Host: shop.example.com". It is compared as the text is, and never shown
	// but for what stands before the colon.
	Within string
	// Here says that the place is the machine that runs the steps. Another session may run on another: only what is done, looked for or
	// taken back is held to it.
	Here bool
	// Unsaid is what the arguments that say where in it an action acts would say, did they say what it is without them: "namespace shop". Empty:
	// they can't be left out.
	Unsaid string
}

// System is a place without more to tell than its system.
func System(text string) Place { return Place{Text: text} }

// Shown is as much of the place as everybody may see.
func (p Place) Shown() string {
	if p.Hidden {
		return p.System()
	}
	return p.Text
}

// System is the place's short form.
func (p Place) System() string {
	if p.Short != "" {
		return p.Short
	}
	return p.Text
}

// Sensitive reports whether a part of the configuration is secret.
func (r OpenRequest) Sensitive(name string) bool {
	if r.Config == cty.NilVal || r.Config.IsNull() || !r.Config.Type().HasAttribute(name) {
		return false
	}
	plain, _ := r.Config.Unmark()
	return IsSensitive(plain.GetAttr(name))
}

// placeOf is where arguments say that an action acts, as far as they do: what those that are tagged as its place hold.
func (o *Object) placeOf(args cty.Value) string {
	args, _ = args.UnmarkDeep()
	if args == cty.NilVal || !args.IsKnown() || args.IsNull() {
		return ""
	}
	var out []string
	for _, name := range o.places {
		v := args.GetAttr(name)
		if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			continue
		}
		at, whole := withoutCredentials(v.AsString())
		if !whole {
			at = name + " " + at
		}
		out = append(out, at)
	}
	return strings.Join(out, ", ")
}

// withoutCredentials is a text without what may be another in a URL of the same place: its user, its query and its fragment. whole says
// that it names a host.
func withoutCredentials(text string) (at string, whole bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" && u.Host == "" && u.RawQuery == "" && u.Fragment == "" {
		return text, false
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String(), u.Host != ""
}
