"""Facts about one generation of Linkerd: charts, webhooks, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from config.core.charts import Origin
from config.trust.key_forms import GO_FORMS, KeyForm
from config.variants.edge_releases import KUBERNETES, Dated
from vocabulary.kinds import Kind
from vocabulary.kubernetes import TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY
from vocabulary.linkerd import IDENTITY, TRUST_ROOTS

Need = Literal["always", "cni", "viz", "jaeger", "linked", "heartbeat"]
"""What of a stack file requires a part: the CNI plugin, the viz extension, tracing by the extension
linkerd-jaeger, a link that begins or ends in the cluster, the heartbeat."""

OWN = ""
"""In place of a namespace: the control plane's, whose name a stack file may choose."""


@dataclass(frozen=True)
class LinkerdChart:
    """A chart of one generation, and the release that the program makes of it."""

    chart: str
    """Name of the chart."""
    release: str
    """Name of the release."""
    namespace: str
    """Namespace of the release; `OWN` for that of the control plane."""
    kinds: frozenset[Kind]
    """Kinds of the objects that it makes, whatever the values are."""
    when: Need = "always"
    """What requires it."""
    kinds_when: Mapping[Need, frozenset[Kind]] = field(default_factory=dict)
    """Further kinds that it makes if something requires them."""
    makes_namespace: str | None = None
    """Namespace that the chart itself makes; None where the program makes the release's."""


@dataclass(frozen=True)
class WebhookServer:
    """A Service that the API server calls over TLS."""

    service: str
    """Name of the Service."""
    values_key: str
    """Key of the chart's values under which its certificate is configured."""
    kind: Kind
    """Kind of the object that registers it with the API server."""
    configuration: str
    """Name of that object."""
    served_by: str
    """Name of the Deployment whose pods answer."""
    namespace: str = OWN
    """Namespace of the Service; `OWN` for that of the control plane."""
    when: Need = "always"
    """What requires it."""
    key_forms: frozenset[KeyForm] = GO_FORMS
    """Forms of private keys that its server reads."""


@dataclass(frozen=True, eq=False)
class LinkerdGeneration:
    """A generation of Linkerd: the releases whose charts and gateways are alike."""

    name: str
    """How the program names it."""
    title: str
    """How a sentence names it."""
    versions: re.Pattern[str]
    """Pattern of the chart versions of this generation, without a leading ``v``."""
    newest: str
    """A chart version that messages suggest, and that a stack file without a version gets where
    this is the default generation."""
    origin: Origin
    """Where its charts are published."""
    charts: tuple[LinkerdChart, ...]
    """Its charts, in the order in which they are installed."""
    webhooks: tuple[WebhookServer, ...]
    """The Services that the API server calls."""
    webhook_secret_suffix: str = "-k8s-tls"
    """Suffix of a webhook's Secret, after the name of its Service."""
    webhook_secret_keys: tuple[str, str] = (TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY)
    """Keys of that Secret that hold the certificate and the private key."""
    issuer_secret_keys: tuple[tuple[str, str], ...] = ((TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY),)
    """Keys of the issuer's Secret that hold certificate and private key; the first that exist are
    read, and the last otherwise."""
    issuer_has_anchors: bool = True
    """Whether the identity controller needs the anchors in the issuer's Secret (``ca.crt``)."""
    identity_key_forms: frozenset[KeyForm] = GO_FORMS
    """Forms of the issuer's private key that the identity controller reads."""
    ecdsa_only: bool = False
    """Whether it refuses anchors and issuers that are not ECDSA P-256 signed by ECDSA with SHA-256;
    otherwise anchors may be RSA."""
    anchors_config_map: str = TRUST_ROOTS
    """ConfigMap in which the control plane keeps the anchors."""
    registry: str = "cr.l5d.io/linkerd"
    """Where its images are published."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Key paths below `linkerd` that it does not support, each with the reason."""
    kubernetes: tuple[tuple[Dated, tuple[int, int]], ...] = KUBERNETES
    """The first Kubernetes (major, minor) that its charts accept, from which version on."""
    newest_kubernetes: tuple[int, int] | None = None
    """The last Kubernetes (major, minor) that accepts its CRDs and webhooks; None without a
    limit."""
    layout: Literal["crds and control plane", "linkerd2"] = "crds and control plane"
    """Its charts: ``linkerd-crds`` and ``linkerd-control-plane``, or ``linkerd2`` for both."""
    dated: bool = True
    """Whether a chart version begins with year and month."""
    pull_secrets: bool = True
    """Whether its charts accept logins for image registries."""
    policy: bool = True
    """Whether it has authorization policy (``policy.linkerd.io``)."""
    gateway_api: bool = True
    """Whether its charts hold the CRDs of the Gateway API."""
    viz: bool = True
    """Whether metrics and dashboard are an extension; they are in its own chart otherwise."""
    tracing: bool = True
    """Whether this program can configure tracing for it."""
    cert_manager: bool = True
    """Whether cert-manager can issue its certificates."""
    proxy_shutdown: bool = True
    """Whether a process in the pod can end the proxy (``/shutdown``)."""
    injector_skips: tuple[str, ...] = ("kube-system", "cert-manager")
    """Namespaces that its injector skips, as in its chart."""
    injects_without_token: bool = True
    """Whether pods without the token of a ServiceAccount get a proxy."""
    annotates_trust_roots: bool = True
    """Whether its injector writes the hash of the anchors on every pod."""
    ingress_mode: bool = True
    """Whether its proxies have the mode ``ingress``."""
    links: bool = True
    """Whether a Link describes a target to a source, and a Secret to its destination controller.
    Otherwise annotations of the Secret with the credentials, and of Services, describe it, and the
    address is that of the gateway's Service."""
    probe_slash: bool = True
    """Whether a gateway's probe path is written with its leading slash."""
    probe_by_proxy: bool = True
    """Whether other clusters can probe the admin port of a gateway's proxy."""
    gateway_identity_ports: tuple[int, ...] = ()
    """Ports of a gateway's pods on which the proxy requires mTLS only if configured to."""
    mirror_makes_namespaces: bool = False
    """Whether the service mirror always makes the namespaces that mirrored Services lack."""
    default: bool = False
    """Whether a stack file that names no version gets it."""

    def has(self, version: str) -> bool:
        """Whether a chart version is of this generation."""
        return self.versions.fullmatch(version.removeprefix("v")) is not None

    def oldest_kubernetes(self, version: tuple[int, ...]) -> tuple[int, int]:
        """The first Kubernetes that the charts of a version (year, month, number) accept."""
        fitting = [found for since, found in self.kubernetes if since <= version]
        return fitting[-1] if fitting else self.kubernetes[0][1]

    @property
    def key_forms(self) -> Mapping[str, frozenset[KeyForm]]:
        """Forms of private keys that each reader of a key reads, by the reader's Service."""
        readers = {webhook.service: webhook.key_forms for webhook in self.webhooks}
        return {IDENTITY: self.identity_key_forms, **readers}

    def probe_path(self, path: str) -> str:
        """A gateway's probe path as its Service announces it; `path` begins with a slash."""
        return path if self.probe_slash else path.removeprefix("/")

    def chart_for(self, need: Need) -> LinkerdChart | None:
        """The chart that `need` requires; None if the generation has no such chart."""
        return next((chart for chart in self.charts if chart.when == need), None)

    def webhook_secret(self, service: str) -> str:
        """Name of the Secret with the serving certificate of a webhook's Service."""
        return f"{service}{self.webhook_secret_suffix}"
