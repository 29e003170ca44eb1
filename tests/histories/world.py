"""Clusters of a modelled mesh: what API servers have, and what runs.

What runs differs from what the API server has: a proxy keeps the anchors with which it started, and
a certificate of up to 24 hours; a kubelet needs up to two minutes to mount a changed Secret or
ConfigMap again, from which the identity service, the injector and the servers of webhooks read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from preflight.held_certificates import HeldWebhook
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust
from tests.histories.certificates import (
    Issuer,
    anchor,
    certificates,
    issuer,
    proxy_trusted,
    serving,
    webhook_trusted,
)

MOUNTED = timedelta(minutes=2)
RENEWED = timedelta(hours=24) * 0.7
IDENTITY, INJECTOR = "linkerd-identity", "linkerd-proxy-injector"
CONTROL_PLANE = (IDENTITY, INJECTOR)
"""Its pods; the second one serves the webhook."""
Roots = frozenset[frozenset[str]]
"""Anchors of several proxies, by their names."""
Signers = frozenset[Issuer]


@dataclass
class Proxy:
    """A proxy that runs."""

    name: str
    started: datetime
    roots: frozenset[str]
    signed_by: Issuer
    signed: datetime


@dataclass
class Cluster:
    """One cluster."""

    name: str
    anchors: tuple[str, ...] = ()
    """ConfigMap with the anchors; empty before Linkerd is installed."""
    issuer: Issuer | None = None
    issuer_since: datetime | None = None
    webhook: Issuer | None = None
    webhook_since: datetime | None = None
    authorities: tuple[str, ...] = ()
    """The caBundle of the webhook."""
    anchors_since: datetime | None = None
    loaded: Issuer | None = None
    """The issuer with which the identity service signs."""
    served: Issuer | None = None
    """The certificate that the server of the webhook presents."""
    injected: tuple[str, ...] = ()
    """The anchors that the injector gives to new pods."""
    proxies: dict[str, Proxy] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether the guard finds Linkerd."""
        return bool(self.anchors)

    def held(self) -> HeldTrust:
        """What the guard reads."""
        pods = tuple(self._pod(proxy) for proxy in self.proxies.values())
        webhook = HeldWebhook(
            INJECTOR,
            f"linkerd/{INJECTOR}",
            serving(self.webhook) if self.webhook else None,
            certificates(frozenset(self.authorities)),
            self.webhook_since,
        )
        return HeldTrust(
            tuple(anchor(name).certificate for name in self.anchors),
            issuer(self.issuer).certificate if self.issuer else None,
            pods,
            issuer_since=self.issuer_since,
            webhooks=(webhook,),
        )

    def _pod(self, proxy: Proxy) -> MeshedPod:
        of_control_plane = proxy.name in CONTROL_PLANE
        return MeshedPod(
            f"linkerd/{proxy.name}" if of_control_plane else f"shop/{proxy.name}",
            proxy.roots != frozenset(self.anchors),
            proxy.started,
            proxy.name == IDENTITY,
            # Those of the control plane have only the hash.
            roots=None if of_control_plane else certificates(proxy.roots),
        )

    def write_issuer(self, wanted: Issuer, now: datetime) -> None:
        """Write the Secret of the identity issuer."""
        if self.issuer != wanted:
            self.issuer, self.issuer_since = wanted, now

    def write_webhook(self, wanted: Issuer, now: datetime) -> None:
        """Write the Secret of the webhook."""
        if self.webhook != wanted:
            self.webhook, self.webhook_since = wanted, now

    def write_anchors(self, wanted: tuple[str, ...], now: datetime) -> None:
        """Write the ConfigMap with the anchors."""
        if self.anchors != wanted:
            self.anchors, self.anchors_since = wanted, now

    def start(self, name: str, now: datetime) -> None:
        """Start a pod, again or for the first time; what it mounts is what the API server has."""
        if name == IDENTITY:
            roots = frozenset(self.anchors)
            self.loaded = self.issuer
        elif name == INJECTOR:
            roots = frozenset(self.anchors)
            self.served, self.injected = self.webhook, self.anchors
        else:
            roots = frozenset(self.injected)
        if self.loaded is None:
            raise AssertionError("no proxy starts before the identity service")
        self.proxies[name] = Proxy(name, now, roots, self.loaded, now)

    def mount(self, now: datetime | None = None) -> None:
        """Kubelets mount what changed; with `now`, only what changed two minutes ago."""

        def due(since: datetime | None) -> bool:
            return since is not None and (now is None or now - since >= MOUNTED)

        service = self.proxies.get(IDENTITY)
        # It refuses an issuer that its own anchors do not verify.
        changed = self.issuer if due(self.issuer_since) else None
        if changed and service and proxy_trusted(changed, service.roots):
            self.loaded = changed
        if INJECTOR in self.proxies:
            if due(self.webhook_since):
                self.served = self.webhook
            if due(self.anchors_since):
                self.injected = self.anchors

    def renew(self, now: datetime) -> None:
        """Proxies renew their certificates in time."""
        for proxy in self.proxies.values():
            if now - proxy.signed >= RENEWED and self.loaded is not None:
                proxy.signed_by, proxy.signed = self.loaded, now

    def trusting(self) -> Roots:
        """Anchors with which its proxies started."""
        return frozenset({proxy.roots for proxy in self.proxies.values()})

    def signing(self) -> Signers:
        """Issuers that signed for what runs, or are about to."""
        found = {proxy.signed_by for proxy in self.proxies.values()}
        return frozenset(found | {one for one in (self.loaded, self.issuer) if one is not None})

    def fails(self) -> bool:
        """Whether calls of the API server to the webhook fail now."""
        served, known = self.served, frozenset(self.authorities)
        return bool(served and known and not webhook_trusted(served, known))


@cache
def separated(roots: Roots, signers: Signers) -> tuple[str, ...]:
    """Why proxies with these anchors do not verify all that these issuers sign."""
    return tuple(
        f"{sorted(one)} do not verify what an issuer below {which[0]} signed"
        for one in roots
        for which in signers
        if not proxy_trusted(which, one)
    )
