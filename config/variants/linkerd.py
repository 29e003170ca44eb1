"""What the program has to know of one generation of Linkerd: charts, webhooks, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from config.core.charts import Origin
from vocabulary.kinds import Kind
from vocabulary.kubernetes import TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY

Need = Literal["always", "cni", "viz", "jaeger", "linked", "heartbeat"]
"""What of a stack file asks for a part: the CNI plugin, the viz extension, tracing by the extension
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
    """What asks for it."""
    kinds_when: Mapping[Need, frozenset[Kind]] = field(default_factory=dict)
    """Further kinds that it makes where something asks for them."""
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
    """What asks for it."""


@dataclass(frozen=True)
class LinkerdGeneration:
    """A generation of Linkerd: the releases whose charts and gateways are alike."""

    name: str
    """How the program names it."""
    title: str
    """How a sentence names it."""
    versions: re.Pattern[str]
    """What the whole version of a chart of this generation looks like, without a leading ``v``."""
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
    """What the name of a webhook's Secret has after the name of its Service."""
    webhook_secret_keys: tuple[str, str] = (TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY)
    """Keys of that Secret that hold the certificate and the private key."""
    pull_secrets: bool = True
    """Whether its charts can be given logins for image registries."""
    policy: bool = True
    """Whether it has authorization policy (``policy.linkerd.io``)."""
    links: bool = True
    """Whether a source learns of a target by a Link, and its destination controller by a Secret."""
    default: bool = False
    """Whether a stack file that names no version gets it."""

    def has(self, version: str) -> bool:
        """Whether a chart version is of this generation."""
        return self.versions.fullmatch(version.removeprefix("v")) is not None

    def webhook_secret(self, service: str) -> str:
        """Name of the Secret with the serving certificate of a webhook's Service."""
        return f"{service}{self.webhook_secret_suffix}"
