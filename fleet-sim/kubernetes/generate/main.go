// Writes the table of Kubernetes' built-in types that the hub reads: which fields each Go type has, how each is decoded
// and written, and how lists and maps merge. Facts only: field names, types and struct tags by reflection, list and map
// types from the OpenAPI documents of the same release.
//
//	go run . OPENAPI_SPEC_DIR > ../types.json    (the directory api/openapi-spec of k8s.io/kubernetes)
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var roots = []any{
	admissionregistration.ValidatingWebhookConfiguration{}, admissionregistration.MutatingWebhookConfiguration{},
	apps.ControllerRevision{}, apps.DaemonSet{}, apps.Deployment{}, apps.ReplicaSet{}, apps.StatefulSet{},
	authentication.SelfSubjectReview{}, authentication.TokenRequest{},
	authorization.SelfSubjectAccessReview{}, authorization.SubjectAccessReview{},
	authorization.LocalSubjectAccessReview{}, authorization.SelfSubjectRulesReview{},
	autoscalingv1.Scale{}, autoscaling.HorizontalPodAutoscaler{},
	batch.CronJob{}, batch.Job{}, coordination.Lease{},
	core.ConfigMap{}, core.Endpoints{}, core.Event{}, core.LimitRange{}, core.Namespace{}, core.Node{},
	core.PersistentVolume{}, core.PersistentVolumeClaim{}, core.Pod{}, core.PodTemplate{}, core.ReplicationController{},
	core.ResourceQuota{}, core.Secret{}, core.Service{}, core.ServiceAccount{}, core.Binding{},
	discovery.EndpointSlice{}, events.Event{}, networking.Ingress{}, networking.IngressClass{}, networking.NetworkPolicy{},
	policy.Eviction{}, policy.PodDisruptionBudget{},
	rbac.ClusterRole{}, rbac.ClusterRoleBinding{}, rbac.Role{}, rbac.RoleBinding{},
	scheduling.PriorityClass{}, storage.CSIDriver{}, storage.CSINode{}, storage.StorageClass{}, storage.VolumeAttachment{},
	apiextensions.CustomResourceDefinition{}, meta.DeleteOptions{},
}

// Types with a JSON form of their own.
var special = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time": "Time", "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "MicroTime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "Duration", "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "Raw",
	"k8s.io/apimachinery/pkg/api/resource.Quantity": "Quantity", "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "IntOrString",
	"k8s.io/apimachinery/pkg/runtime.RawExtension": "Raw", "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": "Raw",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":        "apiextensions/v1.JSONSchemaProps|bool",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":       "apiextensions/v1.JSONSchemaProps",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": "Raw",
}

type field struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Omit     string   `json:"omit,omitempty"` // empty: left out when empty; zero: when zero
	List     string   `json:"list,omitempty"`
	Keys     []string `json:"keys,omitempty"`
	Atomic   bool     `json:"atomic,omitempty"`
	MergeKey string   `json:"mergeKey,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
	Default  any      `json:"default,omitempty"`
	Protobuf string   `json:"pb,omitempty"` // its number, after those of the messages that JSON does not show
}

// absent is the message of fields that protobuf does not have.
const absent = "-"

type structure struct {
	Atomic bool    `json:"atomic,omitempty"`
	Fields []field `json:"fields"`
}

var (
	out         = map[string]*structure{}
	definitions = map[string]map[string]any{}
)

func main() {
	documents, _ := filepath.Glob(filepath.Join(os.Args[1], "v3", "*.json"))
	for _, document := range documents {
		text, err := os.ReadFile(document)
		check(err)
		var parsed struct {
			Components struct {
				Schemas map[string]map[string]any `json:"schemas"`
			} `json:"components"`
		}
		check(json.Unmarshal(text, &parsed))
		for name, schema := range parsed.Components.Schemas {
			definitions[name] = schema
		}
	}
	for _, root := range roots {
		name(reflect.TypeOf(root))
	}
	names := make([]string, 0, len(out))
	for n := range out {
		names = append(names, n)
	}
	sort.Strings(names)
	fmt.Println("{")
	for i, n := range names {
		line, err := json.Marshal(out[n])
		check(err)
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Printf("%q: %s%s\n", n, line, comma)
	}
	fmt.Println("}")
}

// name of a type in the table, with Go's own name where it is another; structs are added to the table.
func name(t reflect.Type) string {
	n := shape(t)
	if t.Name() != "" && t.PkgPath() != "" && t.Kind() != reflect.Struct && special[t.PkgPath()+"."+t.Name()] == "" {
		n += "=" + t.String()
	}
	return n
}

func shape(t reflect.Type) string {
	if s, ok := special[t.PkgPath()+"."+t.Name()]; ok {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + name(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + name(t.Elem())
	case reflect.Map:
		return "map:" + name(t.Elem())
	case reflect.Struct:
		parts := strings.Split(t.PkgPath(), "/")
		n := strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
		if _, ok := out[n]; !ok {
			s := &structure{Fields: []field{}}
			out[n] = s
			definition := definitions[definitionName(t)]
			s.Atomic = definition["x-kubernetes-map-type"] == "atomic"
			properties, _ := definition["properties"].(map[string]any)
			add(s, t, properties, "")
		}
		return n
	default:
		return t.Kind().String()
	}
}

func add(s *structure, t reflect.Type, properties map[string]any, message string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if f.Anonymous && tag[0] == "" {
			if n := number(f); n != "" {
				add(s, f.Type, properties, message+n+".")
			} else {
				add(s, f.Type, properties, absent) // TypeMeta: it stands beside the object
			}
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		out := field{Name: tag[0], Type: name(f.Type), MergeKey: f.Tag.Get("patchMergeKey"), Strategy: f.Tag.Get("patchStrategy")}
		if n := number(f); n != "" && message != absent {
			out.Protobuf = message + n
			if strings.HasSuffix(f.Type.String(), ".JSONSchemaPropsOrArray") {
				out.Protobuf += ".1"
			}
		}
		for _, option := range tag[1:] {
			switch option {
			case "omitzero":
				out.Omit = "zero"
			case "omitempty":
				if out.Omit == "" {
					out.Omit = "empty"
				}
			}
		}
		property, _ := properties[tag[0]].(map[string]any)
		if list, ok := property["x-kubernetes-list-type"].(string); ok && list != "atomic" {
			out.List = list
		}
		if keys, ok := property["x-kubernetes-list-map-keys"].([]any); ok {
			for _, key := range keys {
				out.Keys = append(out.Keys, key.(string))
			}
		}
		out.Atomic = property["x-kubernetes-map-type"] == "atomic"
		switch value := property["default"].(type) {
		case string:
			if value != "" {
				out.Default = value
			}
		case float64:
			if value != 0 {
				out.Default = value
			}
		case bool:
			if value {
				out.Default = value
			}
		}
		s.Fields = append(s.Fields, out)
	}
}

// number of a field in protobuf, if it has one.
func number(f reflect.StructField) string {
	if tag := strings.Split(f.Tag.Get("protobuf"), ","); len(tag) > 1 {
		return tag[1]
	}
	return ""
}

func definitionName(t reflect.Type) string {
	path := strings.Replace(t.PkgPath(), "k8s.io/", "io.k8s.", 1)
	return strings.ReplaceAll(path, "/", ".") + "." + t.Name()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
