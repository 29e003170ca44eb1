"""Other software of a cluster: Ingresses, monitoring, meshed workloads, the sample."""
