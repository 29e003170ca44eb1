"""Names of Ambassador: API group, ports, namespaces, releases.

Facts: the charts emissary-ingress 4.1.0, edge-stack 8.10.2 and ambassador 6.9.5; Ambassador docs,
"The Listener CRD" and "Diagnostics".
"""

GROUP = "getambassador.io"
AMBASSADOR = "ambassador"
"""Name of the release, the Service and the namespace unless a stack file says otherwise, and of the
container in its pods."""
MODULE_NAME = "ambassador"
TRACING_NAME = "tracing"
"""Names of the one Module, and of the one TracingService, that it reads."""
CRDS_RELEASE = "emissary-crds"
CONVERSION_WEBHOOK = "emissary-apiext"

HTTP_PORT = 8080
HTTPS_PORT = 8443
"""Ports of the pods that the default Listeners have."""
DIAGNOSTICS_PORT = 8877
"""Admin port: probes and diagnostics."""
