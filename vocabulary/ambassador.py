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
"""Name of its Deployment, its Service and its ClusterRole."""
INGRESS_CLASS_NAME = "ambassador"
"""Name of the IngressClass unless a chart's values say otherwise."""

ID_VARIABLE = "AMBASSADOR_ID"
"""Variable of its container with the id of an Ambassador, which its objects name in turn."""
ID_FIELD = "ambassador_id"
"""Field of its objects: ids of the Ambassadors that read them."""
DEFAULT_ID = "default"
"""Id of an Ambassador without that variable, and of objects without that field."""

HTTP_PORT = 8080
HTTPS_PORT = 8443
"""Ports of the pods that the default Listeners have."""
DIAGNOSTICS_PORT = 8877
"""Admin port: probes and diagnostics."""
