package journal

// RunLock is the name of the lock that the process holds that runs a run.
func RunLock(runID string) string { return "run/" + runID }

// Interrupted is the status of a run that has not ended and that no process runs. No store gives it: see [Settle].
const Interrupted Status = "interrupted"

// Unknown is the status of a run of which only a part is left, without its end.
const Unknown Status = "unknown"

// Settle tells the running from the interrupted, by the locks that are held.
func Settle(runs []Summary, locks []Lock) {
	living := map[string]bool{}
	for i := range locks {
		if l := &locks[i]; !l.Gone && !l.Parked() {
			living[l.Name] = true
		}
	}
	for i := range runs {
		if runs[i].Status == Running && !living[RunLock(runs[i].ID)] {
			runs[i].Status = Interrupted
		}
	}
}
