package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type canIArgs struct {
	Verb      string `rb:"verb,required,filled" doc:"What to do: get, list, watch, create, update, patch, delete, or * for all."`
	Resource  string `rb:"resource,required,filled" doc:"To what: a type (pods, deployments.apps), a subresource (pods/log), or a path of the server (/metrics)."`
	Name      string `rb:"name" doc:"Only for the object of this name; null: all of them."`
	Namespace string `rb:"namespace" doc:"In which namespace; \"*\" means all; null: the configuration's."`
}

type canIResult struct {
	Allowed bool   `rb:"allowed" doc:"Whether the server would allow it."`
	Reason  string `rb:"reason" doc:"Why, if the server says so."`
}

func canIAction() provider.Action {
	return read(provider.Definition[*client, canIArgs, canIResult]{
		Name: "kubernetes_can_i", Doc: "Asks the API server whether the configured user may do something.",
		Run: runCanI,
		Summarize: func(r *canIResult) string {
			if r.Allowed {
				return "allowed"
			}
			return "not allowed"
		},
	})
}

func runCanI(ctx context.Context, in *provider.In[*client, canIArgs]) (*canIResult, error) {
	c, a := in.Client, in.Args
	op := fmt.Sprintf("ask whether it may %s %s", a.Verb, a.Resource)
	spec, err := reviewSpec(a, c.scope(a.Namespace))
	if err != nil {
		return nil, wrong(op, err)
	}
	review := authorizationv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"}, Spec: spec,
	}
	body, err := json.Marshal(&review)
	if err != nil {
		return nil, wrong(op, err)
	}
	request := c.ask("POST").AbsPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").
		Body(body).SetHeader("Content-Type", "application/json")
	if err := getJSON(ctx, request, &review); err != nil {
		return nil, c.explain(ctx, op, err)
	}
	if problem := review.Status.EvaluationError; problem != "" && !review.Status.Allowed {
		in.Warn("the server could not evaluate every rule: %s", problem)
	}
	return &canIResult{Allowed: review.Status.Allowed, Reason: review.Status.Reason}, nil
}

func reviewSpec(a *canIArgs, namespace string) (authorizationv1.SelfSubjectAccessReviewSpec, error) {
	if strings.HasPrefix(a.Resource, "/") {
		return authorizationv1.SelfSubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: a.Verb, Path: a.Resource},
		}, nil
	}
	typ, subresource, _ := strings.Cut(a.Resource, "/")
	attributes := &authorizationv1.ResourceAttributes{
		Namespace: namespace, Verb: a.Verb, Name: a.Name, Subresource: subresource, Resource: typ,
	}
	r, known := lookUp(typ)
	name, group, qualified := strings.Cut(typ, ".")
	switch {
	case known:
		attributes.Resource, attributes.Group = r.plural, r.group
		if !r.namespaced {
			attributes.Namespace = ""
		}
	case typ == "*":
		attributes.Group = "*"
	case qualified:
		attributes.Resource, attributes.Group = name, group
	default:
		return authorizationv1.SelfSubjectAccessReviewSpec{}, errors.New(
			`its type is not known here; write it in the plural and with its group, such as "certificates.cert-manager.io"`)
	}
	return authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes}, nil
}
