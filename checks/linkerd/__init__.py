"""Checks of Linkerd's control plane, inbound policy and tracing."""
