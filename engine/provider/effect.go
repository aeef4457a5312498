package provider

import "fmt"

// Effect says what carrying out an action does to the world. The order is by harm: a larger effect is worse.
type Effect uint8

const (
	// Read changes nothing.
	Read Effect = iota
	// Write changes something that can be changed back or done again.
	Write
	// Destructive loses something.
	Destructive
)

var effectNames = [...]string{Read: "read", Write: "write", Destructive: "destructive"}

// String is the effect's name in the language: "read", "write" or "destructive".
func (e Effect) String() string {
	if int(e) < len(effectNames) {
		return effectNames[e]
	}
	return fmt.Sprintf("Effect(%d)", uint8(e))
}

// MarshalText gives the name, so that an effect is a string in JSON.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads a name as [ParseEffect] does.
func (e *Effect) UnmarshalText(text []byte) error {
	parsed, err := ParseEffect(string(text))
	if err != nil {
		return err
	}
	*e = parsed
	return nil
}

// ParseEffect reads an effect's name.
func ParseEffect(name string) (Effect, error) {
	for e, n := range effectNames {
		if n == name {
			return Effect(e), nil
		}
	}
	return Read, fmt.Errorf("effect %q is not one of read, write, destructive", name)
}
