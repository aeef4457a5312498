package kubernetes

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNewestEvents(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	newest := newestEvents{limit: 3, oldest: start}
	// More than are ever kept at once, the newest first and last so that order alone can't find them.
	for i := range 3000 {
		at := start.Add(time.Duration(i*7919%3000-1) * time.Second)
		newest.add(&corev1.Event{LastTimestamp: metav1.NewTime(at), Message: fmt.Sprint(at.Sub(start))})
	}
	newest.cut()
	var got []string
	for _, e := range newest.events {
		got = append(got, e.Message)
	}
	if diff := cmp.Diff([]string{"49m58s", "49m57s", "49m56s"}, got); diff != "" || !newest.dropped {
		t.Errorf("dropped is %t, events differ (-want +got):\n%s", newest.dropped, diff)
	}
	if cap(newest.events) > 3000 {
		t.Errorf("it kept room for %d events", cap(newest.events))
	}
}

func TestLastSeen(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC) }
	cases := map[string]struct {
		event corev1.Event
		seen  time.Time
		count int
	}{
		"counted": {corev1.Event{LastTimestamp: metav1.NewTime(at(3)), EventTime: metav1.NewMicroTime(at(1)), Count: 4}, at(3), 4},
		"series":  {corev1.Event{EventTime: metav1.NewMicroTime(at(1)), Series: &corev1.EventSeries{Count: 7, LastObservedTime: metav1.NewMicroTime(at(5))}}, at(5), 7},
		"once":    {corev1.Event{EventTime: metav1.NewMicroTime(at(1))}, at(1), 1},
		"bare":    {corev1.Event{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(at(9))}}, at(9), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if seen, count := lastSeen(&c.event), timesSeen(&c.event); !seen.Equal(c.seen) || count != c.count {
				t.Errorf("seen %s, %d times; expected %s, %d", seen, count, c.seen, c.count)
			}
		})
	}
}

func TestEventSelector(t *testing.T) {
	cases := map[string]struct {
		args eventsArgs
		want string
	}{
		"none":        {eventsArgs{}, ""},
		"type":        {eventsArgs{Type: "Warning"}, "type=Warning"},
		"object":      {eventsArgs{Type: "Normal", Involved: "deploy/api"}, "type=Normal,involvedObject.kind=Deployment,involvedObject.name=api"},
		"custom type": {eventsArgs{Involved: "certificates.cert-manager.io/site"}, "involvedObject.name=site"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := eventSelector(&c.args); err != nil || got != c.want {
				t.Errorf("eventSelector is %q, %v; expected %q", got, err, c.want)
			}
		})
	}
}
