package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/e82355ed/runbook/engine/journal"
)

// The sizes of the log's head and of the head of each of its frames, see SQLite's file format.
const logHead, frameHead = 32, 24

// soundLog refuses a log in which something has changed that SQLite would pass over without a word, as if a crash had cut the log off there:
// it goes by the sums of the frames, each of which goes on from the one before, and drops all from the first that is wrong. Who commits
// waits for the disk, so that of what a crash leaves the last transaction alone may be in part: where another one follows, what comes before
// was on disk.
func soundLog(path string) error {
	file, err := os.Open(logOf(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	broken, err := brokenFrame(file)
	if err != nil || broken < 0 {
		return err
	}
	// A process may have been at that frame, or may have begun the log anew.
	if again, err := brokenFrame(file); err != nil || again != broken {
		return err
	}
	return fmt.Errorf("%w: in the log %s, frame %d is not as it was written, and what was written after it would be lost; put both in safety",
		journal.ErrDamaged, logOf(path), broken+1)
}

// brokenFrame gives the number of the first frame that is not as it was written though a later transaction is there, from nought; -1: there is none.
func brokenFrame(file io.ReaderAt) (int, error) {
	head := make([]byte, logHead)
	if n, err := file.ReadAt(head, 0); n < len(head) {
		return -1, unlessEnd(err)
	}
	l, broken := newLogReader(head), -1
	if !l.whole {
		broken = 0
	}
	frame := make([]byte, frameHead+l.page)
	ended := false // a transaction, with the frame before, which is the broken one or stands behind it
	for i := 0; ; i++ {
		if n, err := file.ReadAt(frame, int64(logHead+i*len(frame))); n < len(frame) {
			return -1, unlessEnd(err)
		}
		switch follows := l.follows(frame); {
		case follows && ended:
			return broken, nil
		case !follows && broken < 0:
			broken = i
		}
		ended = broken >= 0 && binary.BigEndian.Uint32(frame[4:]) > 0
	}
}

func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// logReader goes through a log frame by frame.
type logReader struct {
	// whole says that the log's head is as it was written.
	whole bool
	// page is the size of a page, order that of the bytes that sums are made of.
	page  int
	order binary.ByteOrder
	// salts are those of the frames that are no remains of an earlier log in the same file; nil: those that the first frame has.
	salts []byte
	// sum is that which the frame before has.
	sum [2]uint32
}

func newLogReader(head []byte) *logReader {
	const littleEndian, bigEndian = 0x377f0682, 0x377f0683
	l := &logReader{page: int(binary.BigEndian.Uint32(head[8:])), order: binary.LittleEndian}
	magic := binary.BigEndian.Uint32(head)
	if magic == bigEndian {
		l.order = binary.BigEndian
	}
	l.sum = sumAt(head[24:])
	l.whole = (magic == littleEndian || magic == bigEndian) && l.add([2]uint32{}, head[:24]) == l.sum
	if l.whole {
		l.salts = bytes.Clone(head[16:24])
	} else {
		l.page = ourPage
	}
	return l
}

// ours reports whether a frame is none of an earlier log.
func (l *logReader) ours(frame []byte) bool {
	if l.salts == nil {
		l.salts = bytes.Clone(frame[8:16])
	}
	return bytes.Equal(frame[8:16], l.salts)
}

// follows reports whether a frame goes on from the one before.
func (l *logReader) follows(frame []byte) bool {
	is := l.add(l.add(l.sum, frame[:8]), frame[frameHead:])
	l.sum = sumAt(frame[16:])
	return is == l.sum && l.ours(frame)
}

// add goes on with a sum over some bytes, eight at a time.
func (l *logReader) add(sum [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		sum[0] += l.order.Uint32(b) + sum[1]
		sum[1] += l.order.Uint32(b[4:]) + sum[0]
	}
	return sum
}

func sumAt(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}
