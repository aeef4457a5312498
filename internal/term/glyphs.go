package term

// Glyphs are the signs that output is built from.
type Glyphs struct {
	Pass, Fail, Warn, Skipped, Blocked, Cancelled string
	// Asks stands before what a person is asked and says; Open and Done are the boxes of a checklist.
	Asks, Open, Done string
	// Bar stands left of what belongs to the line above; the boxes frame a diagnostic.
	Bar, BoxTop, BoxBottom string
	// Ellipsis marks a cut, Dot separates, Arrow points.
	Ellipsis, Dot, Arrow string
	// Spinner turns while a step runs.
	Spinner []string
}

// Unicode are the glyphs for UTF-8.
func Unicode() Glyphs {
	return Glyphs{
		Pass: "✓", Fail: "✗", Warn: "!", Skipped: "-", Blocked: "⊘", Cancelled: "■",
		Asks: "?", Open: "☐", Done: "☑",
		Bar: "│", BoxTop: "╷", BoxBottom: "╵", Ellipsis: "…", Dot: "·", Arrow: "→",
		Spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
	}
}

// ASCII are the glyphs for everything else.
func ASCII() Glyphs {
	return Glyphs{
		Pass: "+", Fail: "x", Warn: "!", Skipped: "-", Blocked: "#", Cancelled: "=",
		Asks: "?", Open: "[ ]", Done: "[x]",
		Bar: "|", BoxTop: ",", BoxBottom: "'", Ellipsis: "...", Dot: "-", Arrow: "->",
		Spinner: []string{"|", "/", "-", "\\"},
	}
}
