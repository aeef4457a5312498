package lab

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock keeps a second labctl out of the same lab until the returned function is called. It waits for its turn.
func lock(ctx context.Context, path string, progress *progress) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lab's lock: %w", err)
	}
	said := false
	err = poll(ctx, 200*time.Millisecond, func(context.Context) error {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil && !said {
			said = true
			progress.printf("another labctl works on this lab, waiting for it")
		}
		return err
	})
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("wait for the lab's lock: %w", err)
	}
	return func() { _ = file.Close() }, nil
}
