"""Names of Linkerd: labels, annotations, ports, namespaces, Secrets, releases, webhooks.

Facts: Linkerd docs, "Proxy configuration" and "Multi-cluster communication"; the charts 2026.8.3
and 2.8.1.
"""

INJECT = "linkerd.io/inject"
EXTENSION = "linkerd.io/extension"
CREATED_BY = "linkerd.io/created-by"
CONTROL_PLANE_NS = "linkerd.io/control-plane-ns"
CONTROL_PLANE_COMPONENT = "linkerd.io/control-plane-component"
IS_CONTROL_PLANE = "linkerd.io/is-control-plane"
CNI_RESOURCE = "linkerd.io/cni-resource"
PROXY_VERSION = "linkerd.io/proxy-version"
TRUST_ROOT_SHA256 = "linkerd.io/trust-root-sha256"

CONFIG_PREFIX = "config.linkerd.io/"
"""What the keys of the proxy's settings begin with."""
PROXY_OWNER_PREFIX = "linkerd.io/proxy-"
"""What the key of a pod's label begins with that names its owner, before the owner's kind."""
ADMISSION_WEBHOOKS = "config.linkerd.io/admission-webhooks"
DEFAULT_INBOUND_POLICY = "config.linkerd.io/default-inbound-policy"
ENABLE_GATEWAY = "config.linkerd.io/enable-gateway"
PROXY_AWAIT = "config.linkerd.io/proxy-await"
PROXY_ADMIN_SHUTDOWN = "config.linkerd.io/proxy-admin-shutdown"
REQUIRE_IDENTITY_PORTS = "config.linkerd.io/proxy-require-identity-inbound-ports"
OPAQUE_PORTS = "config.linkerd.io/opaque-ports"
SKIP_INBOUND_PORTS = "config.linkerd.io/skip-inbound-ports"
SKIP_OUTBOUND_PORTS = "config.linkerd.io/skip-outbound-ports"
OPAQUE_PORTS = "config.linkerd.io/opaque-ports"
DEFAULT_OPAQUE_PORTS = "25,587,3306,4444,5432,6379,9300,11211"
"""Ports, of Services without that annotation, whose connections proxies treat as no HTTP."""
PROXY_PORT_ANNOTATIONS = tuple(
    f"{CONFIG_PREFIX}{name}-port" for name in ("inbound", "outbound", "control", "admin")
)
"""Annotations that move ports of the proxy."""
EXTERNAL_PROMETHEUS = "viz.linkerd.io/external-prometheus"

RETRY = "retry.linkerd.io/"
TIMEOUT = "timeout.linkerd.io/"
BALANCER = "balancer.linkerd.io/"
BALANCER_ALPHA = "balancer.alpha.linkerd.io/"
"""What the keys of the annotations of Services begin with that clients' proxies follow."""

MIRROR_PREFIX = "mirror.linkerd.io/"
"""What the keys of the multicluster labels and annotations begin with."""
EXPORTED = "mirror.linkerd.io/exported"
FEDERATED = "mirror.linkerd.io/federated"
MIRRORED_SERVICE = "mirror.linkerd.io/mirrored-service"
MIRRORED_GATEWAY = "mirror.linkerd.io/mirrored-gateway"
"""Label that Linkerd 2.8 gives the mirror of a gateway's own Service."""
CLUSTER_NAME = "mirror.linkerd.io/cluster-name"
HEADLESS_MIRROR = "mirror.linkerd.io/headless-mirror-svc-name"
"""Label of the mirror of one pod of a headless Service: the name of the mirror of that Service."""
REMOTE_SERVICE_NAME = "mirror.linkerd.io/remote-svc-fq-name"
"""Annotation of a mirror: the name of the Service that it mirrors, within the target."""
MULTICLUSTER_GATEWAY = "mirror.linkerd.io/multicluster-gateway"
GATEWAY_IDENTITY = "mirror.linkerd.io/gateway-identity"
GATEWAY_NAME = "mirror.linkerd.io/gateway-name"
GATEWAY_NAMESPACE = "mirror.linkerd.io/gateway-ns"
PROBE_PATH = "mirror.linkerd.io/probe-path"
PROBE_PERIOD = "mirror.linkerd.io/probe-period"
SECRET_REMOTE_KUBECONFIG = "mirror.linkerd.io/remote-kubeconfig"
"""Type of the Secret with the credentials for a target."""
REMOTE_LINKERD_NAMESPACE = "mirror.linkerd.io/remote-cluster-l5d-ns"
REMOTE_CLUSTER_DOMAIN = "mirror.linkerd.io/remote-cluster-domain"
LINK_CLUSTER_NAME = "multicluster.linkerd.io/cluster-name"
LINK_TRUST_DOMAIN = "multicluster.linkerd.io/trust-domain"
LINK_CLUSTER_DOMAIN = "multicluster.linkerd.io/cluster-domain"
REMOTE_DISCOVERY = "multicluster.linkerd.io/remote-discovery"
"""Annotation of a federated Service: its members in targets, each ``<service>@<target>``. Label of
the mirror of a Service whose pods are called directly: the target."""
LOCAL_DISCOVERY = "multicluster.linkerd.io/local-discovery"
"""Annotation of a federated Service: its member in the same cluster."""

PROXY_OUTBOUND_PORT = 4140
PROXY_INBOUND_PORT = 4143
"""The proxy's inbound port, which is also the port of a gateway."""
PROXY_CONTROL_PORT = 4190
PROXY_ADMIN_PORT = 4191
"""The proxy's admin port: ``/ready``, ``/live``, ``/metrics``."""
PROXY_INBOUND_PORT_NAME = "linkerd-proxy"
PROXY_ADMIN_PORT_NAME = "linkerd-admin"
"""Names of these ports in the proxy's container."""
GATEWAY_PORT_NAME = "mc-gateway"
PROBE_PORT_NAME = "mc-probe"
"""Names of the ports of a gateway's Service."""

CNI = "linkerd-cni"
MULTICLUSTER = "linkerd-multicluster"
VIZ = "linkerd-viz"
JAEGER = "linkerd-jaeger"
EGRESS = "linkerd-egress"
"""Namespaces of the CNI plugin and of the extensions, and that of EgressNetworks that apply to all
clients."""

PROXY_CONTAINER = "linkerd-proxy"
INIT_CONTAINER = "linkerd-init"
NETWORK_VALIDATOR_CONTAINER = "linkerd-network-validator"

CRDS_RELEASE = "linkerd-crds"
CONTROL_PLANE_RELEASE = "linkerd-control-plane"
CNI_RELEASE = "linkerd-cni"
CNI_CHART = "linkerd2-cni"
LINKERD_2_8_CHART = "linkerd2"
CONTROL_PLANE_CHARTS = (CONTROL_PLANE_RELEASE, LINKERD_2_8_CHART)
MULTICLUSTER_2_8_CHART = "linkerd2-multicluster"

ISSUER_SECRET = "linkerd-identity-issuer"
TRUST_ROOTS = "linkerd-identity-trust-roots"
"""ConfigMap with the trust anchors."""
WEBHOOK_2_8_CERTIFICATE_KEY = "crt.pem"
WEBHOOK_2_8_PRIVATE_KEY = "key.pem"
"""Keys of the Secrets of Linkerd 2.8's webhooks."""
TRUST_ANCHOR_SECRET = "linkerd-trust-anchor"
CONFIG = "linkerd-config"
"""ConfigMap with the Helm values of the control plane."""
REMOTE_ACCESS_PREFIX = "linkerd-service-mirror-remote-access-"
"""Name of the account that a source logs in with to its target, before the source's name."""
MIRROR_LEASE_PREFIX = "service-mirror-write-"
"""Name of the Lease of the service mirror for a target, before the target's name."""
CREDENTIALS_PREFIX = "cluster-credentials-"
"""Name of the Secret with the credentials for a target, before the target's name."""


def not_exported_to(source: str) -> str:
    """Label of an exported Service that the cluster `source` does not get.

    Service mirrors copy no label with this prefix to a mirror, so that it applies in one cluster.
    """
    return f"{MIRROR_PREFIX}not-exported-to.{source}"


def not_federated_to(source: str) -> str:
    """Label of a member of a federated Service that is no member for the cluster `source`."""
    return f"{MIRROR_PREFIX}not-federated-to.{source}"


def credentials_secret(target: str) -> str:
    """Name of the Secret with a source's credentials for the cluster `target`."""
    return f"{CREDENTIALS_PREFIX}{target}"


def identity(account: str, namespace: str, linkerd_namespace: str, trust_domain: str) -> str:
    """The mTLS identity of the proxies of a ServiceAccount (Linkerd docs, "Automatic mTLS")."""
    return f"{account}.{namespace}.serviceaccount.identity.{linkerd_namespace}.{trust_domain}"


def identities_below(linkerd_namespace: str, trust_domain: str, namespace: str = "") -> str:
    """The identities of all ServiceAccounts, or of those of a namespace, as policies name them."""
    within = f"{namespace}." if namespace else ""
    return f"*.{within}serviceaccount.identity.{linkerd_namespace}.{trust_domain}"


IDENTITY = "linkerd-identity"
DESTINATION = "linkerd-destination"
PROXY_INJECTOR = "linkerd-proxy-injector"
SP_VALIDATOR = "linkerd-sp-validator"
POLICY_VALIDATOR = "linkerd-policy-validator"
TAP = "tap"
TAP_2_8 = "linkerd-tap"
TAP_API = "v1alpha1.tap.linkerd.io"
"""APIService of tap."""
TAP_INJECTOR = "tap-injector"
JAEGER_INJECTOR = "jaeger-injector"
"""Services, Deployments and ServiceAccounts of the control plane and of the extensions."""


def webhook_secret(service: str) -> str:
    """Name of the Secret with the serving certificate of the webhook of a Service."""
    return f"{service}-k8s-tls"


def webhook_configuration(service: str) -> str:
    """Name of the webhook configuration that calls a Service of the control plane."""
    return f"{service}-webhook-config"


DST_OVERRIDE_HEADER = "l5d-dst-override"
