package report

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of what a ticket takes; the other formats have all of it. GitHub takes 65,536 characters (its API answers "Body is too long"), and
// who files the report may have something to add. All are bytes before anything is escaped, but for mostInAll.
const (
	mostInAll  = 60_000
	mostLines  = 60
	mostBytes  = 4000
	mostInLine = 1000
	mostInCell = 500
	mostInName = 200
	mostRows   = 500
)

// roomForNotice is what it takes to say that something is left out, in a block and in all.
const (
	roomForMore   = 50
	roomForNotice = 2*mostInLine + 200
)

// block is a part of the document: of its entries as many stand there as there is room for. Without entries it is not there.
type block struct {
	head, tail string
	entries    []string
	// more counts entries behind those that a block may have.
	more int
	// share is how many hundredths of the room it has in any case; what others leave it has besides.
	share int
}

// add adds an entry, which is made only if a block may have so many.
func (b *block) add(entry func() string) {
	if len(b.entries) >= mostRows {
		b.more++
		return
	}
	b.entries = append(b.entries, entry())
}

// size is how much room all of it takes.
func (b *block) size() int {
	size := len(b.head) + len(b.tail) + roomForMore
	for _, entry := range b.entries {
		size += len(entry)
	}
	return size
}

// fit is as much of it as there is room for.
func (b *block) fit(room int) (text string, fits bool) {
	room -= len(b.head) + len(b.tail) + roomForMore
	n := 0
	for n < len(b.entries) && len(b.entries[n]) <= room {
		room -= len(b.entries[n])
		n++
	}
	text = b.head + strings.Join(b.entries[:n], "") + b.tail
	more := len(b.entries) - n + b.more
	if more > 0 {
		text += paragraph(fmt.Sprintf("and %d more", more))
	}
	return text, more == 0
}

// fitted are the texts of blocks that have so much room together, and whether all of them is there.
func fitted(blocks []block, room int) (texts []string, fits bool) {
	blocks = slices.DeleteFunc(blocks, func(b block) bool { return len(b.entries) == 0 })
	kept := 0 // for the blocks that follow
	least := make([]int, len(blocks))
	for i := range blocks {
		least[i] = min(blocks[i].size(), room*blocks[i].share/100)
		kept += least[i]
	}
	fits = true
	for i := range blocks {
		kept -= least[i]
		text, whole := blocks[i].fit(room - kept)
		room -= len(text)
		texts, fits = append(texts, text), fits && whole
	}
	return texts, fits
}

// bounded is the beginning of a long text.
func bounded(text string) (beginning string, more bool) {
	whole := len(text)
	if lines := strings.SplitAfterN(text, "\n", mostLines+1); len(lines) > mostLines {
		text = strings.TrimSuffix(strings.Join(lines[:mostLines], ""), "\n")
	}
	if len(text) > mostBytes {
		text = strings.ToValidUTF8(text[:mostBytes], "")
	}
	return text, len(text) < whole
}
