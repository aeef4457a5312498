package kubernetes

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// An edit starts over this often because somebody else changed the object in between, with a pause that doubles each time: a
// controller writes the status of what was just changed several times within a second. All pauses together are 5 seconds.
const (
	maxConflicts  = 10
	conflictPause = 10 * time.Millisecond
)

// overConflicts tries until the server no longer says that the object has changed since it was read (409 Conflict). Each try
// reads it anew.
func overConflicts(ctx context.Context, try func() error) error {
	delay := conflictPause
	for attempt := 1; ; attempt++ {
		err := try()
		if !apierrors.IsConflict(err) || attempt == maxConflicts || pause(ctx, delay) != nil {
			return err
		}
		delay *= 2
	}
}
