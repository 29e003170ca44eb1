"""Kinds of Kubernetes objects: group, version, plural and scope.

Facts: the Kubernetes API reference; the CRDs of Linkerd's charts 2026.8.3, of Emissary-ingress 4.1,
cert-manager 1.21, trust-manager 0.25, the Prometheus operator, Traefik 3 and ECK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
"""An object as the API server gives it."""


@dataclass(frozen=True)
class Kind:
    """A kind in its API group.

    Two are equal where group and name are: versions differ between what is written and what is
    served. `version`, `plural` and `namespaced` are of the kinds that this module defines; of any
    other kind they are unknown (empty, empty, True).
    """

    group: str
    """API group; empty for the core group."""
    name: str
    """Name, for example ``Service``."""
    version: str = field(default="", compare=False)
    """Version in which this program writes it."""
    plural: str = field(default="", compare=False)
    """Name of its resource, for example ``services``."""
    namespaced: bool = field(default=True, compare=False)
    """Whether its objects live in a namespace."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Kind:
        """The kind of an object: the one that is defined here, or a new one."""
        group, slash, _ = str(manifest.get("apiVersion", "")).rpartition("/")
        kind = cls(group if slash else "", str(manifest.get("kind", "")))
        return KINDS.get((kind.group, kind.name), kind)

    @classmethod
    def named(cls, text: str) -> Kind:
        """The kind that ``str`` of it names: the one that is defined here, or a new one.

        A new one has the plural that Kubernetes itself guesses (apimachinery,
        ``meta.UnsafeGuessKindToResource``).
        """
        name, _, group = text.partition(".")
        single = name.lower()
        ending = "es" if single.endswith("s") else "s"
        plural = f"{single[:-1]}ies" if single.endswith("y") else f"{single}{ending}"
        return KINDS.get((group, name), cls(group, name, plural=plural))

    @property
    def api_version(self) -> str:
        """``apiVersion`` in which this program writes it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def crd(self) -> str:
        """Name of the CustomResourceDefinition that defines it."""
        return f"{self.plural}.{self.group}"

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


KINDS: dict[tuple[str, str], Kind] = {}
"""Every kind that is defined here, by group and name."""


def _kind(group: str, version: str, name: str, plural: str, *, namespaced: bool = True) -> Kind:
    kind = Kind(group, name, version, plural, namespaced)
    KINDS[group, name] = kind
    return kind


NAMESPACE = _kind("", "v1", "Namespace", "namespaces", namespaced=False)
NODE = _kind("", "v1", "Node", "nodes", namespaced=False)
POD = _kind("", "v1", "Pod", "pods")
EVENT = _kind("", "v1", "Event", "events")
SERVICE = _kind("", "v1", "Service", "services")
ENDPOINTS = _kind("", "v1", "Endpoints", "endpoints")
SECRET = _kind("", "v1", "Secret", "secrets")
CONFIG_MAP = _kind("", "v1", "ConfigMap", "configmaps")
SERVICE_ACCOUNT = _kind("", "v1", "ServiceAccount", "serviceaccounts")
DEPLOYMENT = _kind("apps", "v1", "Deployment", "deployments")
DAEMON_SET = _kind("apps", "v1", "DaemonSet", "daemonsets")
STATEFUL_SET = _kind("apps", "v1", "StatefulSet", "statefulsets")
ACCESS_REVIEW = _kind(
    "authorization.k8s.io",
    "v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)
TOKEN_REQUEST = _kind(
    "authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", namespaced=False
)
REPLICA_SET = _kind("apps", "v1", "ReplicaSet", "replicasets")
CRON_JOB = _kind("batch", "v1", "CronJob", "cronjobs")
JOB = _kind("batch", "v1", "Job", "jobs")
LEASE = _kind("coordination.k8s.io", "v1", "Lease", "leases")
ENDPOINT_SLICE = _kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
INGRESS = _kind("networking.k8s.io", "v1", "Ingress", "ingresses")
INGRESS_CLASS = _kind("networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced=False)
POD_DISRUPTION_BUDGET = _kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
POD_SECURITY_POLICY = _kind(
    "policy", "v1beta1", "PodSecurityPolicy", "podsecuritypolicies", namespaced=False
)
"""Until Kubernetes 1.24."""
CLUSTER_ROLE = _kind(
    "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False
)
CLUSTER_ROLE_BINDING = _kind(
    "rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
ROLE = _kind("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING = _kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
CRD = _kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)
API_SERVICE = _kind("apiregistration.k8s.io", "v1", "APIService", "apiservices", namespaced=False)
MUTATING_WEBHOOK = _kind(
    "admissionregistration.k8s.io",
    "v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    namespaced=False,
)
VALIDATING_WEBHOOK = _kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    namespaced=False,
)

SERVICE_PROFILE = _kind("linkerd.io", "v1alpha2", "ServiceProfile", "serviceprofiles")
TRAFFIC_SPLIT = _kind("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits")
EXTERNAL_WORKLOAD = _kind("workload.linkerd.io", "v1beta1", "ExternalWorkload", "externalworkloads")
LINK = _kind("multicluster.linkerd.io", "v1alpha3", "Link", "links")
SERVER = _kind("policy.linkerd.io", "v1beta3", "Server", "servers")
AUTHORIZATION_POLICY = _kind(
    "policy.linkerd.io", "v1alpha1", "AuthorizationPolicy", "authorizationpolicies"
)
MESH_TLS = _kind("policy.linkerd.io", "v1alpha1", "MeshTLSAuthentication", "meshtlsauthentications")
NETWORK_AUTHENTICATION = _kind(
    "policy.linkerd.io", "v1alpha1", "NetworkAuthentication", "networkauthentications"
)
SERVER_AUTHORIZATION = _kind(
    "policy.linkerd.io", "v1beta1", "ServerAuthorization", "serverauthorizations"
)
EGRESS_NETWORK = _kind("policy.linkerd.io", "v1alpha1", "EgressNetwork", "egressnetworks")
HTTP_LOCAL_RATE_LIMIT = _kind(
    "policy.linkerd.io", "v1alpha1", "HTTPLocalRateLimitPolicy", "httplocalratelimitpolicies"
)
POLICY_HTTP_ROUTE = _kind("policy.linkerd.io", "v1beta3", "HTTPRoute", "httproutes")
HTTP_ROUTE = _kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
TCP_ROUTE = _kind("gateway.networking.k8s.io", "v1alpha2", "TCPRoute", "tcproutes")
TLS_ROUTE = _kind("gateway.networking.k8s.io", "v1alpha2", "TLSRoute", "tlsroutes")
GRPC_ROUTE = _kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes")

MODULE = _kind("getambassador.io", "v3alpha1", "Module", "modules")
LISTENER = _kind("getambassador.io", "v3alpha1", "Listener", "listeners")
HOST = _kind("getambassador.io", "v3alpha1", "Host", "hosts")
MAPPING = _kind("getambassador.io", "v3alpha1", "Mapping", "mappings")
TRACING_SERVICE = _kind("getambassador.io", "v3alpha1", "TracingService", "tracingservices")
TLS_CONTEXT = _kind("getambassador.io", "v3alpha1", "TLSContext", "tlscontexts")
TCP_MAPPING = _kind("getambassador.io", "v3alpha1", "TCPMapping", "tcpmappings")
AUTH_SERVICE = _kind("getambassador.io", "v3alpha1", "AuthService", "authservices")
RATE_LIMIT_SERVICE = _kind("getambassador.io", "v3alpha1", "RateLimitService", "ratelimitservices")

CERTIFICATE = _kind("cert-manager.io", "v1", "Certificate", "certificates")
ISSUER = _kind("cert-manager.io", "v1", "Issuer", "issuers")
CLUSTER_ISSUER = _kind("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", namespaced=False)
BUNDLE = _kind("trust.cert-manager.io", "v1alpha1", "Bundle", "bundles", namespaced=False)
POD_MONITOR = _kind("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors")
MIDDLEWARE = _kind("traefik.io", "v1alpha1", "Middleware", "middlewares")
INGRESS_ROUTE = _kind("traefik.io", "v1alpha1", "IngressRoute", "ingressroutes")
KIBANA = _kind("kibana.k8s.elastic.co", "v1", "Kibana", "kibanas")

WORKLOADS = (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)
"""Kinds whose pods have to be available."""

RBAC = (SERVICE_ACCOUNT, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING)
"""Kinds of accounts and of what they may do."""

PATCHED = {
    kind.name: kind for kind in (NAMESPACE, DEPLOYMENT, DAEMON_SET, STATEFUL_SET, CRON_JOB, KIBANA)
}
"""Kinds that can be meshed by a patch, by name."""


def name_of(thing: Mapping[str, Any]) -> str:
    """Name of an object."""
    return str(thing.get("metadata", {}).get("name", ""))


def namespace_of(thing: Mapping[str, Any]) -> str:
    """Namespace of an object; empty for an object without one."""
    return str(thing.get("metadata", {}).get("namespace", ""))


def labels_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Labels of an object."""
    return dict(thing.get("metadata", {}).get("labels") or {})


def annotations_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Annotations of an object."""
    return dict(thing.get("metadata", {}).get("annotations") or {})
