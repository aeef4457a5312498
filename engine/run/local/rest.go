package local

import "context"

// rest notes whether a runner can only wait for people, and pauses the run when all can.
func (d *desk) rest(r *runner, rests bool) {
	d.mu.Lock()
	d.rested[r] = rests
	d.mu.Unlock()
	nudge(d.changed)
	if rests {
		d.pauseIfAllRest(r.hard)
	}
}

// expect keeps the run from pausing until a runbook that a step runs has got going ([desk.enter]), or its step knows that it
// never did ([desk.received]).
func (d *desk) expect() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between++
}

// enter notes that the runner of a runbook that a step runs got going.
func (d *desk) enter(r *runner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between--
	d.rested[r] = false
}

// leaveRunner forgets a runner that ended. What ended otherwise than by a pause is something that its parent can go on
// with: until it knows ([desk.received]), the run does not pause.
func (d *desk) leaveRunner(r *runner, paused bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rested, r)
	if r.parent != nil && !paused {
		d.between++
	}
}

// received notes that a step took in how the runbook that it ran ended.
func (d *desk) received(parent *runner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between--
	d.rested[parent] = false
}

// allRest reports whether only people can let the run go on. Called with the lock held.
func (d *desk) allRest() bool {
	if d.paused || d.cancelled || d.delivering > 0 || d.between > 0 || len(d.open) == 0 || len(d.rested) == 0 {
		return false
	}
	for _, rests := range d.rested {
		if !rests {
			return false
		}
	}
	return true
}

// pauseIfAllRest pauses the run when nothing can go on and nobody is there. What was answered before is read first.
func (d *desk) pauseIfAllRest(ctx context.Context) {
	for d.mayPause() {
		err := d.readMail(ctx)
		switch {
		case ctx.Err() != nil:
			return // the run stops at once
		case err != nil:
			d.session.Host.Log.Warn("messages to the run can't be read", "error", err)
		}
		if d.pause(err != nil) {
			return
		}
	}
}

// mayPause reports whether nothing can go on and nobody looks on: whoever sits at the terminal sees the times fall due, and leaves
// when they want the run to pause.
func (d *desk) mayPause() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asker == nil && d.allRest()
}

// pause pauses the run where all rest, and reports whether that is decided. It is not while an answer that had to wait for another
// was not looked at since that one came to nothing; unread says that no answer can be looked at.
func (d *desk) pause(unread bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.asker != nil || !d.allRest():
		return true
	case !unread && d.missed():
		return false
	}
	d.paused = true
	close(d.session.pausing)
	return true
}
