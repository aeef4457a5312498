package kubernetes

import (
	"context"
	"errors"

	"github.com/e82355ed/runbook/engine/provider"
)

type labelArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"What to label, as TYPE/NAME: node/worker-1."`
	Labels    map[string]string `rb:"labels" check:"kubernetes_label_value" check_keys:"kubernetes_label" doc:"Labels to set."`
	Remove    []string          `rb:"remove" check:"kubernetes_label" doc:"Names of labels to take off; one that labels sets stays."`
	Replaces  map[string]string `rb:"replaces" check:"kubernetes_label_value" check_keys:"kubernetes_label" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace string            `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type labelResult struct {
	Before map[string]string `rb:"before,echo" doc:"The labels concerned as they were; those that were not set are left out."`
	After  map[string]string `rb:"after,echo" doc:"The labels concerned as they are; those that are not set are left out."`
}

func labelAction() provider.Action {
	return editing(provider.Definition[*client, labelArgs, labelResult]{
		Name: "kubernetes_label", Doc: "Sets labels of an object.",
		Instead: "kubernetes_objects shows the labels",
		Effect:  provider.Write, Summarize: func(r *labelResult) string { return keyChanges("label", r.Before, r.After) },
		ChangedNothing: func(r *labelResult) bool { return same(r.Before, r.After) },
	}, planLabel, func(before, after map[string]string) *labelResult { return &labelResult{Before: before, After: after} })
}

func planLabel(ctx context.Context, in *provider.In[*client, labelArgs]) (*edit[map[string]string], error) {
	a := in.Args
	if len(a.Labels)+len(a.Remove) == 0 {
		return nil, wrong("label "+a.Resource, errors.New("neither labels nor remove names a label"))
	}
	s, err := in.Client.subjectOf(ctx, a.Resource, a.Namespace)
	if err != nil {
		return nil, err
	}
	concerned, op := together(namesIn(a.Labels), a.Remove), "label "+s.String()
	return &edit[map[string]string]{
		of: s, op: op,
		refuses: replacing(in, op, a.Replaces, func(object rawObject) (stated, error) {
			return textsOf(dig(object, "metadata", "labels"), together(concerned, namesIn(a.Replaces))), nil
		}),
		state: func(object rawObject) (map[string]string, error) {
			return textsOf(dig(object, "metadata", "labels"), concerned), nil
		},
		patch: func(object rawObject) (rawObject, error) {
			wanted := rawObject{}
			for _, name := range concerned {
				value, set := a.Labels[name]
				now, there := dig(object, "metadata", "labels", name).(string)
				switch {
				case set && (!there || now != value):
					wanted[name] = value
				case !set && there:
					wanted[name] = nil // takes it off (RFC 7386)
				}
			}
			if len(wanted) == 0 {
				return nil, nil
			}
			return wrapped(wanted, "metadata", "labels"), nil
		},
	}, nil
}

// textsOf takes the named entries of a map of texts; those that are not there are left out.
func textsOf(m any, names []string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		if text, ok := dig(m, name).(string); ok {
			out[name] = text
		}
	}
	return out
}
