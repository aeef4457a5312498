package kubernetes

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// pageSize is kubectl's --chunk-size: it bounds what the server holds for one request.
const pageSize = 500

// everywhere is the namespace of requests that span all of them.
const everywhere = ""

// query says which objects to list.
type query struct {
	resource resource
	// namespace is everywhere for all, and for what is not in namespaces.
	namespace                    string
	labelSelector, fieldSelector string
	// limit is how many objects to read at most; 0: all.
	limit int
	// managed keeps who has set which field.
	managed bool
}

// op names the query in errors.
func (q query) op() string {
	switch {
	case !q.resource.namespaced:
		return "list " + q.resource.plural
	case q.namespace == everywhere:
		return "list " + q.resource.plural + " in all namespaces"
	}
	return "list " + q.resource.plural + " in " + q.namespace
}

// maxRetries is how often client-go itself repeats a request whose connection died, or which the server asked to come
// again (429 with Retry-After). Its own default, ten times a second apart, would hide a broken server for long; to
// repeat a step is the runbook's to say.
const maxRetries = 2

func (c *client) ask(verb string) *rest.Request { return c.rest.Verb(verb).MaxRetries(maxRetries) }

// object asks for something by its place in the API: a list where name is empty.
func (c *client) object(r resource, namespace, name string) *rest.Request {
	request := c.ask("GET").AbsPath(r.root()).NamespaceIfScoped(namespace, namespace != everywhere).Resource(r.plural)
	if name != "" {
		request = request.Name(name)
	}
	return request
}

// page asks for one page of a list.
func (c *client) page(q query, size int, token string) *rest.Request {
	request := c.object(q.resource, q.namespace, "")
	if size > 0 {
		request = request.Param("limit", strconv.Itoa(size))
	}
	for name, value := range map[string]string{
		"labelSelector": q.labelSelector, "fieldSelector": q.fieldSelector, "continue": token,
	} {
		if value != "" {
			request = request.Param(name, value)
		}
	}
	return request
}

// listOf is a pointer to a typed list.
type listOf[L any] interface {
	*L
	runtime.Object
	metav1.ListInterface
}

// list reads the pages of a typed list. Truncated is true where there are more objects than the limit.
func list[L any, T any, P listOf[L]](ctx context.Context, c *client, q query, items func(P) []T) (all []T, truncated bool, err error) {
	err = c.pages(q, func(request *rest.Request) (string, int, error) {
		into := P(new(L))
		if err := request.Do(ctx).Into(into); err != nil {
			return "", 0, err
		}
		if all == nil {
			all = items(into)
		} else {
			all = append(all, items(into)...)
		}
		return into.GetContinue(), len(all), nil
	}, func() { all = nil }, &truncated)
	if err != nil {
		return nil, false, c.explain(ctx, q.op(), err)
	}
	if q.limit > 0 && len(all) > q.limit { // a server that ignores the limit
		all, truncated = all[:q.limit], true
	}
	return all, truncated, nil
}

// listChecked is list for actions whose namespace an author may have misspelt, and whose limit must be told.
func listChecked[L any, T any, P listOf[L]](
	ctx context.Context, c *client, warn func(string, ...any), q query, items func(P) []T,
) (all []T, truncated bool, err error) {
	all, truncated, err = list(ctx, c, q, items)
	if err == nil && len(all) == 0 {
		err = c.namespaceExists(ctx, q)
	}
	if err == nil {
		warnTruncated(warn, truncated, q)
	}
	return all, truncated, err
}

// pages drives a paged list. Read gets a request for the next page and gives the token of the one after it and how many
// objects there are by now. Where the server has forgotten the list under way (410), all is read again in one piece.
func (c *client) pages(q query, read func(*rest.Request) (string, int, error), restart func(), truncated *bool) error {
	token, have := "", 0
	for {
		size := pageSize
		if q.limit > 0 {
			size = min(size, q.limit-have)
		}
		next, total, err := read(c.page(q, size, token))
		if err != nil && token != "" && apierrors.IsResourceExpired(err) {
			restart()
			next, _, err = read(c.page(q, q.limit, ""))
			*truncated = next != ""
			return err
		}
		if err != nil || next == "" {
			return err
		}
		token, have = next, total
		if q.limit > 0 && have >= q.limit {
			*truncated = true
			return nil
		}
	}
}

// typedObject is a pointer to an object that the scheme knows.
type typedObject[O any] interface {
	*O
	runtime.Object
}

// get reads one object.
func get[O any, P typedObject[O]](ctx context.Context, c *client, r resource, namespace, name string) (P, error) {
	into := P(new(O))
	if err := c.object(r, namespace, name).Do(ctx).Into(into); err != nil {
		return nil, c.explain(ctx, "read "+r.singular+" "+name+inNamespace(namespace), err)
	}
	return into, nil
}

// getJSON reads an answer that is not decoded as a typed object.
func getJSON(ctx context.Context, request *rest.Request, into any) error {
	result := request.SetHeader("Accept", "application/json").Do(ctx)
	if err := result.Error(); err != nil {
		return err
	}
	body, err := result.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// text reads a page that is not of the API, whatever its status.
func (c *client) text(ctx context.Context, path, parameters string) (status int, body string, err error) {
	u := c.ask("GET").AbsPath(path).URL()
	u.RawQuery = parameters
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, "", err
	}
	response, err := c.rest.Client.Do(request)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	return response.StatusCode, strings.TrimSpace(string(text)), err
}

func inNamespace(namespace string) string {
	if namespace == everywhere {
		return ""
	}
	return " in " + namespace
}
