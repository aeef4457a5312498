package kubernetes

import (
	"context"
	"errors"

	"github.com/e82355ed/runbook/engine/provider"
)

type setImageArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Images    map[string]string `rb:"images,required,filled" check:"kubernetes_image" check_keys:"kubernetes_container" doc:"Images by container."`
	Replaces  map[string]string `rb:"replaces" check_keys:"kubernetes_container" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace string            `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type setImageResult struct {
	Before map[string]string `rb:"before" doc:"Images by container as they were."`
	After  map[string]string `rb:"after" doc:"Images by container as they are."`
}

func setImageAction() provider.Action {
	return editing(provider.Definition[*client, setImageArgs, setImageResult]{
		Name: "kubernetes_set_image", Doc: "Sets the images of containers in a pod template.",
		Instead: "kubernetes_deployments shows the images",
		Effect:  provider.Write, Summarize: func(r *setImageResult) string { return keyChanges("image", r.Before, r.After) },
		ChangedNothing: func(r *setImageResult) bool { return same(r.Before, r.After) },
	}, planSetImage, func(before, after map[string]string) *setImageResult {
		return &setImageResult{Before: before, After: after}
	})
}

func planSetImage(ctx context.Context, in *provider.In[*client, setImageArgs]) (*edit[map[string]string], error) {
	images, op := in.Args.Images, "set the images of "+in.Args.Resource
	if len(images) == 0 {
		return nil, wrong(op, errors.New("images is empty; name a container and its image"))
	}
	return planTemplate(ctx, in.Client, templateEdit[map[string]string]{
		resource: in.Args.Resource, namespace: in.Args.Namespace, what: "images", containers: namesIn(images),
		state: imagesOf,
		set:   func(container rawObject) { container["image"] = images[digText(container, "name")] },
		said:  namesIn(in.Args.Replaces),
		refuses: replacing(in, op, in.Args.Replaces, func(containers []rawObject) (stated, error) {
			return imagesOf(containers)
		}),
	})
}

func imagesOf(containers []rawObject) (map[string]string, error) {
	now := map[string]string{}
	for _, c := range containers {
		now[digText(c, "name")] = digText(c, "image")
	}
	return now, nil
}
