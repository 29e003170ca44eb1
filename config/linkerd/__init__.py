"""Linkerd in a cluster: control plane, sidecars, tracing."""
