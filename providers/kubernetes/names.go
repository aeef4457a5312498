package kubernetes

import (
	"fmt"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/e82355ed/runbook/engine/provider"
)

// The names that the API server accepts (apimachinery's validation). An object of another name can't be there.

// nameProblem says why an object of the resource can't have the name; nil: it may. What other groups allow is not known here.
func nameProblem(r resource, name string) error {
	switch {
	case r.group == "rbac.authorization.k8s.io": // any segment of a path
		return nil
	case r.plural == namespaces.plural, r.plural == services.plural:
		return named(r.singular, name, validation.IsDNS1123Label(name), "at most 63 lower-case letters, digits and -, a letter or digit at either end")
	}
	return named(r.singular, name, validation.IsDNS1123Subdomain(name), "at most 253 lower-case letters, digits, - and ., a letter or digit at either end")
}

func named(what, name string, problems []string, rule string) error {
	if len(problems) == 0 {
		return nil
	}
	err := fmt.Errorf("invalid resource name %q, of a %s: %s", name, what, rule)
	// The better name is not told: made of a secret, it would be none that is known.
	if better := strings.ReplaceAll(strings.ToLower(name), "_", "-"); better != name && len(validation.IsDNS1123Label(better)) == 0 {
		err = fmt.Errorf("%w; in lower case, with - in the place of _, it is one", err)
	}
	return err
}

func checkNamespace(name string) error {
	if name == "" || name == allNamespaces {
		return nil // the configuration's, or all
	}
	return nameProblem(namespaces, name)
}

func checkPodName(name string) error {
	if name == "" {
		return nil // told elsewhere: it would leave open which
	}
	return nameProblem(pods, name)
}

func checkNodeName(name string) error { return nameProblem(nodes, name) }

func checkContainer(name string) error {
	if name == "" || name == "*" {
		return nil // the default one, or all
	}
	return named("container", name, validation.IsDNS1123Label(name), "at most 63 lower-case letters, digits and -, a letter or digit at either end")
}

// checkImage refuses what no reference of an image is.
func checkImage(image string) error {
	if image == "" || strings.ContainsFunc(image, unicode.IsSpace) {
		return fmt.Errorf("%q is not an image; write one like \"registry.example.com/api:1.4\", without a space", image)
	}
	return nil
}

// checkVariable takes what servers from 1.30 on take: any printable ASCII but =.
func checkVariable(name string) error {
	if problems := validation.IsRelaxedEnvVarName(name); len(problems) > 0 {
		return fmt.Errorf("%q is not the name of an environment variable; write one like \"LOG_LEVEL\"", name)
	}
	return nil
}

// builtinName says why no object of a kind that the API server brings along can have the name; nil: it may, or it is not known here.
func builtinName(apiVersion, kind, name string) error {
	group, _, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group = ""
	}
	r, known := lookUp(kind + "." + group)
	if !known || name == "" || strings.Contains(kind, ".") {
		return nil
	}
	return nameProblem(r, name)
}

// Whoever reads, or deletes, one object that can't be there has mistaken its name.
func objectsMisfits(args *objectsArgs, known provider.Known) map[string]string {
	return nameMisfits(args.APIVersion, args.Kind, args.Name, known)
}

func deleteMisfits(args *deleteArgs, known provider.Known) map[string]string {
	if args.UID != "" && args.Name == "" && known("name") {
		return map[string]string{"uid": "uid is that of one object, which name has to name"}
	}
	return nameMisfits(args.APIVersion, args.Kind, args.Name, known)
}

func nameMisfits(apiVersion, kind, name string, known provider.Known) map[string]string {
	if !known("api_version") || !known("kind") || !known("name") {
		return nil
	}
	if err := builtinName(apiVersion, kind, name); err != nil {
		return map[string]string{"name": err.Error()}
	}
	return nil
}

// applyMisfits looks at the names in a manifest. What else is wrong with it is found when the step runs; a secret one is not told of.
func applyMisfits(args *applyArgs, known provider.Known) map[string]string {
	if !known("manifest") || !args.Manifest.IsWhollyKnown() || args.Manifest.ContainsMarked() {
		return nil
	}
	objects, err := manifestsOf(args.Manifest)
	if err != nil {
		return nil
	}
	for i, o := range objects {
		if err := builtinName(digText(o, "apiVersion"), digText(o, "kind"), digText(o, "metadata", "name")); err != nil {
			return map[string]string{"manifest": fmt.Sprintf("object %d: %s", i+1, err)}
		}
	}
	return nil
}
