// pulumi-resource-kubernetes: the Kubernetes provider of Pulumi as a Go module serves it.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

// version is set by the linker to the version of the provider module.
var version string

func main() {
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
