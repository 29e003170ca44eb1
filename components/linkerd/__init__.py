"""Linkerd in a cluster: control plane, viz, tracing, and their Helm values."""
