"""Services of Linkerd that the API server calls over TLS: webhooks, and the API of tap."""

from __future__ import annotations

from dataclasses import dataclass

from config.core.cluster import ClusterConfig
from config.trust.key_forms import KeyForm
from config.variants.linkerd import OWN
from vocabulary.kinds import Kind


@dataclass(frozen=True)
class Webhook:
    """A Service that the API server calls over TLS."""

    service: str
    """Name of the Service."""
    namespace: str
    """Its namespace."""
    kind: Kind
    """Kind of the object that registers it with the API server."""
    configuration: str
    """Name of that object."""
    secret: str
    """Name of the Secret with its serving certificate, in the namespace of the Service."""
    secret_keys: tuple[str, str]
    """Keys of that Secret that hold the certificate and the private key."""
    served_by: str
    """Name of the Deployment whose pods answer."""
    values_key: str
    """Key of the chart's values under which its certificate is configured."""
    key_forms: frozenset[KeyForm]
    """Forms of private keys that its server reads."""

    @property
    def host(self) -> str:
        """The host name by which the API server calls it."""
        return f"{self.service}.{self.namespace}.svc"


def webhooks(config: ClusterConfig) -> tuple[Webhook, ...]:
    """The webhooks of a cluster, those of the control plane first."""
    linkerd = config.linkerd
    generation = linkerd.generation
    # A link brings no webhook.
    needs = linkerd.needs(linked=False)
    return tuple(
        Webhook(
            service=item.service,
            namespace=linkerd.namespace if item.namespace == OWN else item.namespace,
            kind=item.kind,
            configuration=item.configuration,
            secret=generation.webhook_secret(item.service),
            secret_keys=generation.webhook_secret_keys,
            served_by=item.served_by,
            values_key=item.values_key,
            key_forms=item.key_forms,
        )
        for item in generation.webhooks
        if item.when in needs
    )
