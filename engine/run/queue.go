package run

import (
	"container/heap"
	"slices"
	"time"
)

// queue is first in, first out. What left its phase by another way is passed over: membership is the phase's.
type queue struct {
	items []ref
	head  int
}

func (q *queue) push(r ref) { q.items = append(q.items, r) }

// drop takes one out that stays in its phase.
func (q *queue) drop(r ref) {
	if len(q.items) > q.head {
		q.items = slices.DeleteFunc(q.items[q.head:], func(other ref) bool { return other == r })
		q.head = 0
	}
}

// trim drops what is done with at the front; live tells what still waits here.
func (q *queue) trim(live func(ref) bool) {
	for q.head < len(q.items) && !live(q.items[q.head]) {
		q.head++
	}
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head > 1024 && q.head > len(q.items)/2 {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
}

// rest is what waits, stale entries among it.
func (q *queue) rest() []ref { return q.items[q.head:] }

// timers is a heap of instances by the time at which they go on.
type timers []timer

type timer struct {
	ref
	at     time.Time
	ticket int64
}

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return t[i].ticket < t[j].ticket
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}

func (t *timers) add(x timer) { heap.Push(t, x) }

// trim drops entries that no longer wait until the first one does.
func (t *timers) trim(live func(timer) bool) {
	for len(*t) > 0 && !live((*t)[0]) {
		heap.Pop(t)
	}
}
