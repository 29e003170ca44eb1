"""The kinds of Kubernetes objects that checks look at, without their versions."""

from __future__ import annotations

from typing import Any, NamedTuple

Object = dict[str, Any]
"""An object as the API server gives it."""


class Kind(NamedTuple):
    """A kind in its API group; versions differ between what is written and what is served."""

    group: str
    name: str

    @classmethod
    def of(cls, manifest: Object) -> Kind:
        """The kind of an object."""
        group, slash, _ = str(manifest.get("apiVersion", "")).rpartition("/")
        return cls(group if slash else "", str(manifest.get("kind", "")))

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


NAMESPACE = Kind("", "Namespace")
NODE = Kind("", "Node")
POD = Kind("", "Pod")
EVENT = Kind("", "Event")
SERVICE = Kind("", "Service")
ENDPOINTS = Kind("", "Endpoints")
SECRET = Kind("", "Secret")
CONFIG_MAP = Kind("", "ConfigMap")
SERVICE_ACCOUNT = Kind("", "ServiceAccount")
DEPLOYMENT = Kind("apps", "Deployment")
DAEMON_SET = Kind("apps", "DaemonSet")
STATEFUL_SET = Kind("apps", "StatefulSet")
CRON_JOB = Kind("batch", "CronJob")
LEASE = Kind("coordination.k8s.io", "Lease")
CRD = Kind("apiextensions.k8s.io", "CustomResourceDefinition")
API_SERVICE = Kind("apiregistration.k8s.io", "APIService")
MUTATING_WEBHOOK = Kind("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
VALIDATING_WEBHOOK = Kind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io", "ClusterRole")
CLUSTER_ROLE_BINDING = Kind("rbac.authorization.k8s.io", "ClusterRoleBinding")
LINK = Kind("multicluster.linkerd.io", "Link")
SERVER = Kind("policy.linkerd.io", "Server")
AUTHORIZATION_POLICY = Kind("policy.linkerd.io", "AuthorizationPolicy")
MESH_TLS = Kind("policy.linkerd.io", "MeshTLSAuthentication")
NETWORK_AUTHENTICATION = Kind("policy.linkerd.io", "NetworkAuthentication")
SERVER_AUTHORIZATION = Kind("policy.linkerd.io", "ServerAuthorization")
POLICY_HTTP_ROUTE = Kind("policy.linkerd.io", "HTTPRoute")
MODULE = Kind("getambassador.io", "Module")
LISTENER = Kind("getambassador.io", "Listener")
HOST = Kind("getambassador.io", "Host")
MAPPING = Kind("getambassador.io", "Mapping")
TRACING_SERVICE = Kind("getambassador.io", "TracingService")
TLS_CONTEXT = Kind("getambassador.io", "TLSContext")
HTTP_ROUTE = Kind("gateway.networking.k8s.io", "HTTPRoute")
GRPC_ROUTE = Kind("gateway.networking.k8s.io", "GRPCRoute")
CERTIFICATE = Kind("cert-manager.io", "Certificate")
ISSUER = Kind("cert-manager.io", "Issuer")
CLUSTER_ISSUER = Kind("cert-manager.io", "ClusterIssuer")
BUNDLE = Kind("trust.cert-manager.io", "Bundle")
POD_MONITOR = Kind("monitoring.coreos.com", "PodMonitor")
INGRESS = Kind("networking.k8s.io", "Ingress")
MIDDLEWARE = Kind("traefik.io", "Middleware")
INGRESS_ROUTE = Kind("traefik.io", "IngressRoute")
KIBANA = Kind("kibana.k8s.elastic.co", "Kibana")

WORKLOADS = (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)
"""Kinds whose pods have to be available."""


def name_of(thing: Object) -> str:
    """Name of an object."""
    return str(thing.get("metadata", {}).get("name", ""))


def namespace_of(thing: Object) -> str:
    """Namespace of an object; empty where it stands in none."""
    return str(thing.get("metadata", {}).get("namespace", ""))


def labels_of(thing: Object) -> dict[str, str]:
    """Labels of an object."""
    return dict(thing.get("metadata", {}).get("labels") or {})


def annotations_of(thing: Object) -> dict[str, str]:
    """Annotations of an object."""
    return dict(thing.get("metadata", {}).get("annotations") or {})
