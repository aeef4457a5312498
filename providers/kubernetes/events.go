package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/e82355ed/runbook/engine/provider"
)

type eventsArgs struct {
	Namespace string        `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	Type      string        `rb:"type" one_of:"Normal,Warning" doc:"Only events of this type; null: both."`
	Since     time.Duration `rb:"since" check:"not_negative" doc:"Only events last seen within this time; null: all that the cluster still has."`
	Involved  string        `rb:"involved" check:"kubernetes_resource" doc:"Only events about this object, as TYPE/NAME: deployment/api."`
	Limit     int           `rb:"limit" default:"500" doc:"At most this many events are given, the newest."`
}

type eventsResult struct {
	Events    []eventResult `rb:"events" doc:"The events, newest first."`
	Count     int           `rb:"count" doc:"How many events there are in the list."`
	Truncated bool          `rb:"truncated" doc:"Whether there are older ones beyond limit."`
}

type eventResult struct {
	LastSeenAt time.Time `rb:"last_seen_at" doc:"When it was last seen."`
	Type       string    `rb:"type" doc:"Normal or Warning."`
	Reason     string    `rb:"reason" doc:"One word, such as BackOff."`
	Namespace  string    `rb:"namespace" doc:"Its namespace."`
	Object     string    `rb:"object" doc:"What it is about, such as Pod/api-5d8f-x2x9."`
	Message    string    `rb:"message" doc:"What happened."`
	Count      int       `rb:"count" doc:"How often it was seen."`
}

func eventsAction() provider.Action {
	return read(provider.Definition[*client, eventsArgs, eventsResult]{
		Name: "kubernetes_events", Doc: "Lists events, newest first.",
		Run: runEvents,
		Summarize: func(r *eventsResult) string {
			warnings := 0
			for _, e := range r.Events {
				if e.Type == corev1.EventTypeWarning {
					warnings++
				}
			}
			return fmt.Sprintf("%s, %s", counted(r.Count, "event"), counted(warnings, "warning"))
		},
	})
}

func runEvents(ctx context.Context, in *provider.In[*client, eventsArgs]) (*eventsResult, error) {
	c, a := in.Client, in.Args
	// No limit in the query: the server lists by name, and the newest may be on the last page.
	q := query{resource: events, namespace: c.scope(a.Namespace)}
	var err error
	if q.fieldSelector, err = eventSelector(a); err != nil {
		return nil, wrong(q.op(), err)
	}
	if err := checkSince(a.Since); err != nil {
		return nil, wrong(q.op(), err)
	}
	var oldest time.Time
	if a.Since > 0 {
		oldest = time.Now().Add(-a.Since)
	}
	newest := newestEvents{limit: max(a.Limit, 1), oldest: oldest}
	seen, ignored := 0, false
	err = c.pages(q, func(request *rest.Request) (string, int, error) {
		var page corev1.EventList
		if err := request.Do(ctx).Into(&page); err != nil {
			return "", 0, err
		}
		for i := range page.Items {
			newest.add(&page.Items[i])
		}
		seen += len(page.Items)
		return page.Continue, seen, nil
	}, func() { newest.events, newest.dropped, seen = nil, false, 0 }, &ignored)
	if err != nil {
		return nil, c.explain(ctx, q.op(), err)
	}
	if seen == 0 {
		if err := c.namespaceExists(ctx, q); err != nil {
			return nil, err
		}
	}
	newest.cut()
	return &eventsResult{Events: newest.events, Count: len(newest.events), Truncated: newest.dropped}, nil
}

func eventSelector(a *eventsArgs) (string, error) {
	var parts []string
	if a.Type != "" {
		parts = append(parts, "type="+a.Type)
	}
	if a.Involved != "" {
		typ, name, err := splitResource(a.Involved)
		if err != nil {
			return "", err
		}
		r, ok := lookUp(typ)
		if !ok {
			// Events carry kinds. That of a custom type is not known without discovery, so its name must do.
			r.kind = ""
		}
		if r.kind != "" {
			parts = append(parts, "involvedObject.kind="+r.kind)
		}
		parts = append(parts, "involvedObject.name="+name)
	}
	return strings.Join(parts, ","), nil
}

// newestEvents keeps the newest events of any number, in bounded memory.
type newestEvents struct {
	limit   int
	oldest  time.Time
	events  []eventResult
	dropped bool
}

func (n *newestEvents) add(e *corev1.Event) {
	seen := lastSeen(e)
	if seen.Before(n.oldest) {
		return
	}
	n.events = append(n.events, eventResult{
		LastSeenAt: seen, Type: e.Type, Reason: e.Reason, Namespace: e.Namespace,
		Object: e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name, Message: strings.TrimSpace(e.Message), Count: timesSeen(e),
	})
	if len(n.events) >= 2*n.limit+pageSize {
		n.cut()
	}
}

func (n *newestEvents) cut() {
	slices.SortFunc(n.events, func(a, b eventResult) int {
		return cmp.Or(
			b.LastSeenAt.Compare(a.LastSeenAt), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Object, b.Object),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message),
		)
	})
	if len(n.events) > n.limit {
		n.events, n.dropped = n.events[:n.limit], true
	}
}

// lastSeen knows the events of both APIs: core/v1 counts in lastTimestamp, events.k8s.io in series.
func lastSeen(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return e.CreationTimestamp.Time
}

func timesSeen(e *corev1.Event) int {
	if e.Series != nil {
		return int(e.Series.Count)
	}
	return max(int(e.Count), 1)
}
