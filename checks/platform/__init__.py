"""Checks of Ingresses, monitoring, meshed workloads and the sample."""
