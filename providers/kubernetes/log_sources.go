package kubernetes

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/e82355ed/runbook/engine/provider"
)

// logSources are the types that select pods, and pods themselves.
var logSources = []resource{pods, deployments, statefulSets, daemonSets, replicaSets, jobs, services, controllers}

// defaultContainer is the annotation by which a pod names the container that people mean.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// logSource is one container of one pod.
type logSource struct {
	pod       place
	container string
}

func (s logSource) String() string { return s.pod.String() + ", container " + s.container }

// podsOf gives the label selector of an object's pods, or a pod's name.
func (c *client) podsOf(ctx context.Context, text, namespace string) (selector, pod string, err error) {
	op := "read the logs of " + text
	r, name, err := parseResource(text, logSources)
	if err != nil {
		return "", "", wrong(op, err)
	}
	if r.kind == pods.kind {
		return "", name, nil
	}
	if namespace == everywhere {
		return "", "", wrong(op, errors.New(`it needs one namespace, not "*"`))
	}
	var owner struct {
		Spec struct {
			Selector json.RawMessage `json:"selector"`
		} `json:"spec"`
	}
	if err := getJSON(ctx, c.object(r, namespace, name), &owner); err != nil {
		return "", "", c.explain(ctx, "read "+r.singular+" "+name+inNamespace(namespace), err)
	}
	if selector, err = podSelector(r, owner.Spec.Selector); err != nil {
		return "", "", wrong(op, err)
	}
	return selector, "", nil
}

// podSelector reads the two forms: services and replication controllers have a plain map.
func podSelector(r resource, raw json.RawMessage) (string, error) {
	var parsed labels.Selector
	var err error
	if r.kind == services.kind || r.kind == controllers.kind {
		var set labels.Set
		if len(raw) > 0 {
			err = json.Unmarshal(raw, &set)
		}
		parsed = labels.SelectorFromSet(set)
	} else {
		var selector *metav1.LabelSelector
		if len(raw) > 0 {
			err = json.Unmarshal(raw, &selector)
		}
		if err == nil {
			parsed, err = metav1.LabelSelectorAsSelector(selector)
		}
	}
	if err != nil {
		return "", fmt.Errorf("its selector: %w", err)
	}
	if parsed.Empty() || parsed.String() == "" {
		return "", errors.New("it selects no pods")
	}
	return parsed.String(), nil
}

// logSourcesOf picks the containers to read. One that is named must be in at least one of the pods.
func logSourcesOf(found []corev1.Pod, container string) ([]logSource, error) {
	var sources []logSource
	seen := map[string]bool{}
	for i := range found {
		p := &found[i]
		names := containerNames(p)
		for _, name := range names {
			seen[name] = true
		}
		for _, name := range chosen(p, names, container) {
			sources = append(sources, logSource{pod: place{p.Namespace, p.Name}, container: name})
		}
	}
	if len(sources) == 0 && len(found) > 0 {
		var names []string
		for name := range seen {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no pod has a container %q; there are: %s", container, strings.Join(names, ", "))
	}
	return sources, nil
}

// containerNames has the main containers first; those that run before them may be asked for by name.
func containerNames(p *corev1.Pod) []string {
	var names []string
	for i := range p.Spec.Containers {
		names = append(names, p.Spec.Containers[i].Name)
	}
	for i := range p.Spec.InitContainers {
		names = append(names, p.Spec.InitContainers[i].Name)
	}
	return names
}

func chosen(p *corev1.Pod, names []string, container string) []string {
	switch {
	case container == "*":
		names = slices.Clone(names)
		slices.Sort(names)
		return names
	case container == "" && slices.Contains(names, p.Annotations[defaultContainer]):
		return []string{p.Annotations[defaultContainer]}
	case container == "":
		return names[:min(1, len(names))]
	case slices.Contains(names, container):
		return []string{container}
	}
	return nil
}

func (c *client) readLog(ctx context.Context, a *logsArgs, source logSource, into *tail) error {
	request := c.object(pods, source.pod.namespace, source.pod.name).SubResource("log").
		Param("container", source.container).Param("tailLines", strconv.FormatInt(a.TailLines, 10))
	if a.Since > 0 {
		request = request.Param("sinceSeconds", strconv.FormatInt(int64(math.Ceil(a.Since.Seconds())), 10))
	}
	if a.Previous {
		request = request.Param("previous", "true")
	}
	stream, err := request.Stream(ctx)
	if err != nil {
		return err
	}
	err = into.read(bufio.NewReaderSize(stream, 64<<10))
	if closeErr := stream.Close(); err == nil {
		err = closeErr
	}
	return err
}

// tail keeps the newest lines of a stream, at most limit bytes of them.
type tail struct {
	host        provider.Host
	limit, size int
	lines       []string
	dropped     bool
}

func (t *tail) read(r *bufio.Reader) error {
	var line []byte
	cut := false
	for {
		part, err := r.ReadSlice('\n')
		if room := t.limit - len(line); len(part) > room {
			part, cut, t.dropped = part[:room], true, true
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // a long line goes on
		}
		if len(line) > 0 {
			text := strings.TrimRight(string(line), "\r\n")
			if cut {
				text = t.host.Cut(text)
			}
			t.add(text)
			line, cut = line[:0], false
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tail) add(line string) {
	t.lines = append(t.lines, strings.ToValidUTF8(line, "\uFFFD"))
	t.size += len(line)
	for t.size > t.limit && len(t.lines) > 1 {
		t.size -= len(t.lines[0])
		t.lines, t.dropped = t.lines[1:], true
	}
}
