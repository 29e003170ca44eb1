"""Why a change of trust anchors would cut off proxies that run now.

Two proxies verify each other if the anchors that each read when it started contain the one below
which the other's certificate is. So an update is safe in whatever order its resources change, and
wherever it ends, if

- an anchor that begins to sign, in any cluster, is among the anchors of every cluster and of every
  proxy that runs in one;
- an anchor that goes has signed nothing that still runs, in any cluster.

The same is true of the API server, which verifies webhooks by the ``caBundle`` that it has now.

Facts: Linkerd docs, "Manually rotating control plane TLS credentials". Seen with real proxies: an
anchor that is replaced in one update ends in a total outage that only restarts heal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from config.language.problems import some
from config.trust.anchor_certificates import issuing_anchor
from config.trust.trust_anchor import TrustAnchorConfig
from kube.failures import Reason
from preflight.held_certificates import HeldWebhook
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust

RELOAD = timedelta(minutes=10)
"""How long a kubelet and a server may take to read a Secret that changed; usually a minute."""
PAGE = "docs/anchors.md"


@dataclass(frozen=True)
class NextTrust:
    """The anchors as they are after the update."""

    anchors: dict[str, x509.Certificate | None]
    """The anchors of the stack file by name; None for one that does not exist before the update."""
    signer: str
    """Name of the anchor that signs."""
    issuers: bool = True
    """Whether it signs the identity issuers; an issuer with another owner does otherwise."""
    webhooks: bool = True
    """Whether it signs the webhooks' certificates; cert-manager does otherwise."""

    @classmethod
    def of(
        cls, config: TrustAnchorConfig, anchors: Mapping[str, x509.Certificate | None]
    ) -> NextTrust:
        """What a stack file makes of these anchors."""
        issuance = config.cert_manager
        return cls(
            dict(anchors),
            config.signing_anchor.name,
            issuers=issuance is None or issuance.make_issuer,
            webhooks=issuance is None or not issuance.webhooks,
        )

    @property
    def kept(self) -> frozenset[x509.Certificate]:
        """Its anchors that exist before the update."""
        return frozenset(item for item in self.anchors.values() if item is not None)


def refusals(
    held: Mapping[str, HeldTrust],
    wanted: NextTrust,
    clusters: Collection[str] = (),
    now: datetime | None = None,
) -> Iterator[tuple[str, Reason]]:
    """Why proxies of these clusters would lose their trust in each other, or webhooks theirs.

    `held` is what the clusters with Linkerd have now, by name, `clusters` are all clusters of the
    stack file; `now` is the current time unless given. Yields the cluster, what is wrong and what
    to do; nothing where the update is safe. Clusters count as linked whether they are or not: a
    link may come or go in the same update, and all have the same anchors.
    """
    moment = now or datetime.now(UTC)
    # An anchor that has expired verifies nothing, so that nothing is lost with it.
    alive = {name: one for name, one in held.items() if _valid(one.anchors, moment)}
    signer = wanted.anchors[wanted.signer]
    present = {name: _present(one) for name, one in alive.items()}
    moves = wanted.issuers and any(known and known != {signer} for known in present.values())
    signs = moves or (wanted.issuers and not all(present.values()))
    drops = any(_valid(one.anchors, moment) - wanted.kept for one in alive.values())
    shared = frozenset[x509.Certificate]().union(*(one.anchors for one in alive.values()))
    shared = shared.intersection(*(one.anchors for one in alive.values()))
    for name, one in alive.items():
        if not wanted.kept & _valid(one.anchors, moment):
            reasons = iter([_REPLACED])
        else:
            reasons = _of_cluster(one, wanted, moment, shared, signs=signs)
        for reason in reasons:
            yield name, reason
    for name, one in held.items():
        if moves or drops:
            for reason in _unknown(one, clusters):
                yield name, reason


_REPLACED = (
    "the update replaces every trust anchor that its running proxies trust: each request "
    "between them would fail until all of them are restarted",
    f"list the new anchor beside the old one first; {PAGE} has the steps",
)


def _of_cluster(
    held: HeldTrust,
    wanted: NextTrust,
    now: datetime,
    shared: frozenset[x509.Certificate],
    *,
    signs: bool,
) -> Iterator[Reason]:
    """Reasons of one cluster; `shared` are the anchors that every cluster has."""
    signer = wanted.anchors[wanted.signer]
    if signs and signer not in held.anchors:
        yield (
            f"anchor '{wanted.signer}' would sign before its running proxies trust it",
            f"keep the present signer in this update, and restart the meshed workloads; {PAGE} "
            "has the steps",
        )
    elif signs:
        lagging = [pod for pod in held.pods if _may_lack(pod, signer, held, now)]
        if lagging:
            yield (
                f"{_some(lagging)} started with other anchors than the control plane has now, and "
                "may not trust what signs after the update",
                _restart(lagging),
            )
    dropped = _valid(held.anchors, now) - wanted.kept
    present = _present(held)
    if dropped & present:
        yield (
            f"the update removes the anchor {_named(dropped & present)}, which the certificates of "
            "its running proxies are signed below",
            f"have the other anchor sign first, and restart the meshed workloads; {PAGE} has the "
            "steps",
        )
    elif dropped and not present:
        yield (
            f"the update removes the anchor {_named(dropped)}, and which anchor its issuer is "
            "signed below is unknown",
            "keep all anchors in this update, which writes the issuer again",
        )
    elif dropped & shared:
        # One that is gone elsewhere had signed nothing that ran, and could not sign since.
        old = list(signed_before(held, now))
        if old:
            hours = round(held.leaf_lifetime / timedelta(hours=1))
            yield (
                f"{_some(old)} may still hold certificates below the anchor that the update "
                "removes",
                f"{_restart(old)}, or wait until {hours} hours after the signer changed",
            )
    if wanted.webhooks:
        for webhook in held.webhooks:
            yield from _webhook(webhook, held, wanted, now)


def _webhook(
    webhook: HeldWebhook, held: HeldTrust, wanted: NextTrust, now: datetime
) -> Iterator[Reason]:
    """Why calls of the API server to a webhook would fail during the update."""
    known = _valid(webhook.authorities, now)
    if not known or webhook.certificate is None:
        return
    signer = wanted.anchors[wanted.signer]
    below = issuing_anchor(webhook.certificate, (), known)
    dropped = known - wanted.kept
    if signer != below and signer not in known:
        yield (
            f"anchor '{wanted.signer}' would sign for webhook {webhook.name} before the API server "
            "trusts it",
            f"keep the present signer in this update, which writes the caBundle; {PAGE} has the "
            "steps",
        )
    elif dropped and (below is None or below in dropped):
        yield (
            f"the update removes the anchor {_named(dropped)}, which the certificate of webhook "
            f"{webhook.name} is signed below",
            "keep all anchors in this update, which signs it again",
        )
    elif dropped and webhook.since is not None and now - webhook.since < RELOAD:
        servers = [pod for pod in held.pods if pod.workload == webhook.served_by]
        old = [pod for pod in servers if pod.started is None or pod.started < webhook.since]
        if old:
            yield (
                f"{_some(old)} may still serve webhook {webhook.name} with a certificate below the "
                "anchor that the update removes",
                f"restart them first, or update again after {webhook.since + RELOAD:%H:%M} UTC",
            )


def _unknown(held: HeldTrust, clusters: Collection[str]) -> Iterator[Reason]:
    """What may be cut off without being seen."""
    if held.unread:
        yield (
            f"the update changes trust anchors, and its credentials may not read "
            f"{', '.join(held.unread)}, by which running proxies are protected",
            "use credentials that may read them",
        )
    gone = sorted(held.links - set(clusters))
    if gone and clusters:
        yield (
            f"the update changes trust anchors, and ends a link with {', '.join(gone)}, whose "
            "proxies are not known any more",
            "remove the cluster in an update of its own, before the anchors change",
        )


def _present(held: HeldTrust) -> frozenset[x509.Certificate]:
    """The anchors below which the cluster signs now; empty where that is unknown."""
    if held.issuer is None:
        return frozenset()
    found = issuing_anchor(held.issuer, held.chain, held.anchors)
    if found is None:
        return frozenset()
    return frozenset({found} if held.authority is None else {found, held.authority})


def _may_lack(
    pod: MeshedPod, signer: x509.Certificate | None, held: HeldTrust, now: datetime
) -> bool:
    """Whether a pod may have started without this anchor, and trusts others that are valid."""
    if not pod.stale:
        return False
    return pod.roots is None or (signer not in pod.roots and bool(_valid(pod.roots, now)))


def signed_before(held: HeldTrust, now: datetime) -> Iterator[MeshedPod]:
    """Pods whose certificates may be older than the present issuer.

    The identity service signs with a new issuer once it has restarted, or once its kubelet has
    mounted the Secret again. The certificate of the issuer may be far older than its Secret, where
    an update died between the two.
    """
    since = held.issuer_since
    if since is None or now - since > held.leaf_lifetime + RELOAD:
        return
    services = [pod.started for pod in held.pods if pod.identity and pod.started is not None]
    if services:
        since = min(max(since, *services), since + RELOAD)
    for pod in held.pods:
        # An identity service signs for its own pod (partial _proxy.tpl).
        begin = held.issuer_since if pod.identity else since
        if pod.started is None or begin is None or pod.started < begin:
            yield pod


def _valid(anchors: Iterable[x509.Certificate], now: datetime) -> frozenset[x509.Certificate]:
    return frozenset(item for item in anchors if item.not_valid_after_utc >= now)


def _named(certificates: Iterable[x509.Certificate]) -> str:
    numbers = sorted(f"{item.serial_number:x}" for item in certificates)
    return f"with serial number {', '.join(numbers)}"


def _workloads(pods: Iterable[MeshedPod]) -> list[str]:
    return sorted({pod.workload for pod in pods})


def _some(pods: Iterable[MeshedPod]) -> str:
    return f"pods of {some(_workloads(pods))}"


def _restart(pods: Iterable[MeshedPod]) -> str:
    spaces = sorted({name.partition("/")[0] for name in _workloads(pods)})
    listed = ", ".join(spaces[:6])
    return f"restart them first, linkerd-identity before all others, in namespace {listed}"
