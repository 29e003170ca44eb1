"""How a container goes on serving after its pod was deleted.

The pod leaves the endpoints of its Services and its containers get TERM at the same moment;
clients, proxies of other clusters and load balancers learn of the first later. A proxy that is a
native sidecar gets TERM after the containers have ended, so that a hook of the container keeps it
as well.

Facts: Kubernetes docs, "Container Lifecycle Hooks" (sleep, on by default since 1.30) and "Sidecar
Containers" (order of termination); Linkerd docs, "Graceful Pod Shutdown".
"""

from __future__ import annotations

SECONDS = 10
"""How long: kube-proxy and proxies need about a second, load balancers more; pods have 30."""
