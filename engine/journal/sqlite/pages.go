package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// pages reads a file page by page, whatever its pointers say: what is left of it. The numbers are those of SQLite's file
// format, https://sqlite.org/fileformat2.html.
type pages struct {
	file, log *os.File // log may be nil
	size      int      // of a page
	count     uint32   // of those that the file itself has
	// newer are the pages that the log has, with their place there.
	newer map[uint32]int64
	// free are the pages that hold nothing any more, as far as they can be told.
	free map[uint32]bool
}

// ourPage is the size of pages of files that we make, for a file whose beginning is gone.
const ourPage = 4096

func openPages(path string) (*pages, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pages{file: file, size: ourPage, newer: map[uint32]int64{}, free: map[uint32]bool{}}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	var head [100]byte
	n, err := file.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, p.close())
	}
	whole := n == len(head) && string(head[:len(magic)]) == magic
	if size := int(binary.BigEndian.Uint16(head[16:])); whole && size >= 512 && size&(size-1) == 0 {
		p.size = size
	}
	p.count = uint32(info.Size() / int64(p.size))
	if err := p.readLog(logOf(path)); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if whole {
		p.findFree()
	}
	return p, nil
}

func (p *pages) close() error {
	err := p.file.Close()
	if p.log != nil {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// readLog finds the pages that committed transactions have in the log.
func (p *pages) readLog(path string) error {
	log, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p.log = log
	head := make([]byte, logHead)
	if n, err := log.ReadAt(head, 0); n < len(head) {
		return unlessEnd(err)
	}
	l := newLogReader(head)
	if l.whole && l.page != p.size {
		return nil // the log of another file
	}
	frame, begun := make([]byte, frameHead), map[uint32]int64{}
	for at := int64(logHead); ; at += frameHead + int64(p.size) {
		if n, err := log.ReadAt(frame, at); n < len(frame) {
			return unlessEnd(err)
		}
		if !l.ours(frame) {
			continue
		}
		begun[binary.BigEndian.Uint32(frame)] = at + frameHead
		if binary.BigEndian.Uint32(frame[4:]) > 0 { // a commit
			maps.Copy(p.newer, begun)
			clear(begun)
		}
	}
}

// findFree follows the list of free pages.
func (p *pages) findFree() {
	first, err := p.read(1)
	if err != nil {
		return
	}
	for next := binary.BigEndian.Uint32(first[32:]); next > 0 && !p.free[next]; {
		p.free[next] = true
		trunk, err := p.read(next)
		if err != nil {
			return
		}
		n := min(binary.BigEndian.Uint32(trunk[4:]), uint32(p.size/4-2))
		for i := range n {
			p.free[binary.BigEndian.Uint32(trunk[8+4*i:])] = true
		}
		next = binary.BigEndian.Uint32(trunk)
	}
}

// numbers are those of the pages that may hold something, in order. What the log says of the size is not believed, as it may have changed.
func (p *pages) numbers() []uint32 {
	var out []uint32
	for n := uint32(1); n <= p.count; n++ {
		out = append(out, n)
	}
	for n := range p.newer {
		if n > p.count {
			out = append(out, n)
		}
	}
	out = slices.DeleteFunc(out, func(n uint32) bool { return p.free[n] })
	slices.Sort(out)
	return out
}

// read gives a page by its number, from 1.
func (p *pages) read(n uint32) ([]byte, error) {
	page := make([]byte, p.size)
	file, at := p.file, int64(n-1)*int64(p.size)
	if place, ok := p.newer[n]; ok {
		file, at = p.log, place
	}
	if n == 0 || n > p.count && file == p.file {
		return nil, fmt.Errorf("page %d is missing", n)
	}
	if _, err := file.ReadAt(page, at); err != nil {
		return nil, fmt.Errorf("page %d can't be read: %w", n, err)
	}
	return page, nil
}

// The kinds of pages that hold rows.
const (
	indexInterior = 0x02
	indexLeaf     = 0x0a
	tableLeaf     = 0x0d
)

// cell is a row as it lies on its page.
type cell struct {
	kind  byte
	rowid int64
	// size is that of the row; local is what of it lies on the page, over the page where the rest begins.
	size  int
	local []byte
	over  uint32
}

// cells gives the rows of a page; what is no row is left out.
func (p *pages) cells(n uint32) []cell {
	page, err := p.read(n)
	if err != nil {
		return nil
	}
	head := page
	if n == 1 {
		head = page[100:]
	}
	kind, first := head[0], 8
	switch kind {
	case indexInterior:
		first = 12
	case indexLeaf, tableLeaf:
	default:
		return nil
	}
	var out []cell
	for i := range int(binary.BigEndian.Uint16(head[3:])) {
		at := first + 2*i
		if at+2 > len(head) {
			break
		}
		if start := int(binary.BigEndian.Uint16(head[at:])); start < len(page) {
			if c, ok := p.cell(kind, page[start:]); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

func (p *pages) cell(kind byte, b []byte) (c cell, ok bool) {
	c.kind = kind
	if kind == indexInterior {
		if len(b) < 4 {
			return c, false
		}
		b = b[4:]
	}
	size, n := varint(b)
	b = b[n:]
	if kind == tableLeaf {
		c.rowid, n = varint(b)
		b = b[n:]
	}
	if n == 0 || size < 1 || size > int64(len(p.newer)+int(p.count))*int64(p.size) {
		return c, false
	}
	c.size = int(size)
	local := p.local(kind, c.size)
	if local < c.size {
		if len(b) < local+4 {
			return c, false
		}
		c.over = binary.BigEndian.Uint32(b[local:])
	}
	if len(b) < local {
		return c, false
	}
	c.local = b[:local]
	return c, true
}

// local is how much of a row lies on its page.
func (p *pages) local(kind byte, size int) int {
	most := p.size - 35
	if kind != tableLeaf {
		most = (p.size-12)*64/255 - 23
	}
	if size <= most {
		return size
	}
	least := (p.size-12)*32/255 - 23
	if some := least + (size-least)%(p.size-4); some <= most {
		return some
	}
	return least
}

// whole gives all of a row.
func (p *pages) whole(c *cell) ([]byte, error) {
	out := append(make([]byte, 0, c.size), c.local...)
	for next := c.over; len(out) < c.size; {
		page, err := p.read(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(page)
		out = append(out, page[4:min(4+c.size-len(out), len(page))]...)
	}
	return out, nil
}
