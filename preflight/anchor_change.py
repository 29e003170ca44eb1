"""Why a change of trust anchors would cut off proxies that run now.

Facts: Linkerd docs, "Manually rotating control plane TLS credentials": first every proxy trusts
both anchors, then the new one signs, then the old one goes, with a restart of all meshed
workloads in between. Seen with real proxies: an anchor that is replaced in one update ends in a
total outage that only restarts heal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from config.trust.anchor_certificates import issued_by
from kube.failures import Reason
from preflight.meshed_pods import MeshedPod
from preflight.proxy_trust import HeldTrust

LEAF_LIFETIME = timedelta(hours=24)
"""How long the identity service's certificates are valid (values of chart
linkerd-control-plane, ``identity.issuer.issuanceLifetime``)."""
PAGE = "docs/anchors.md"


@dataclass(frozen=True)
class NextTrust:
    """The anchors as they are after the update."""

    anchors: dict[str, x509.Certificate | None]
    """The anchors of the stack file by name; None for one that does not exist before the update."""
    signer: str
    """Name of the anchor that signs."""


def refusals(held: HeldTrust, wanted: NextTrust, now: datetime | None = None) -> Iterator[Reason]:
    """Why the proxies of a cluster would lose their trust in each other; nothing where they do not.

    `now` is the current time unless given. Yields pairs of what is wrong and what to do.
    """
    kept = [item for item in wanted.anchors.values() if item is not None]
    if not any(item in held.anchors for item in kept):
        yield (
            "the update replaces every trust anchor that its running proxies trust: each request "
            "between them would fail until all of them are restarted",
            f"list the new anchor beside the old one first; {PAGE} has the steps",
        )
        return
    signer = wanted.anchors[wanted.signer]
    signed_by = _signer(held)
    changes_signer = signed_by is not None and signer != signed_by
    if signer not in held.anchors:
        yield (
            f"anchor '{wanted.signer}' would sign before its running proxies trust it",
            f"keep the present signer in this update, and restart the meshed workloads; {PAGE} "
            "has the steps",
        )
    if signed_by is not None and signed_by not in kept:
        yield (
            f"the update removes the anchor {_named(signed_by)}, which the certificates of its "
            "running proxies are signed below",
            f"have the other anchor sign first, and restart the meshed workloads; {PAGE} has the "
            "steps",
        )
        return
    dropped = [item for item in held.anchors if item not in kept]
    stale = [pod for pod in held.pods if pod.stale]
    if (dropped or changes_signer) and stale:
        yield (
            f"{_some(stale)} started with other anchors than the control plane has now, and may "
            "not trust what signs after the update",
            _restart(stale),
        )
    if dropped:
        old = list(_signed_before(held, now or datetime.now(UTC)))
        if old:
            yield (
                f"{_some(old)} may still hold certificates below the anchor that the update "
                "removes",
                _restart(old) + ", or wait until 24 hours after the signer changed",
            )


def _signer(held: HeldTrust) -> x509.Certificate | None:
    """The anchor that signed the present issuer, where that is one of the cluster's anchors."""
    issuer = held.issuer
    if issuer is None:
        return None
    return next((anchor for anchor in held.anchors if issued_by(issuer, anchor)), None)


def _signed_before(held: HeldTrust, now: datetime) -> Iterator[MeshedPod]:
    """Pods whose certificates may be older than the present issuer.

    A kubelet may take minutes to hand a new issuer to the identity service, so only what started
    after the service itself counts as signed by it.
    """
    issuer = held.issuer
    if issuer is None or now - issuer.not_valid_before_utc > LEAF_LIFETIME:
        return
    services = [pod.started for pod in held.pods if pod.identity and pod.started is not None]
    since = max([issuer.not_valid_before_utc, *([min(services)] if services else [])])
    for pod in held.pods:
        if pod.started is not None and pod.started < since:
            yield pod


def _named(certificate: x509.Certificate) -> str:
    return f"with serial number {certificate.serial_number:x}"


def _workloads(pods: Iterable[MeshedPod]) -> list[str]:
    return sorted({pod.workload for pod in pods})


def _some(pods: Iterable[MeshedPod], limit: int = 6) -> str:
    names = _workloads(pods)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"pods of {', '.join(names[:limit])}{more}"


def _restart(pods: Iterable[MeshedPod]) -> str:
    spaces = sorted({name.partition("/")[0] for name in _workloads(pods)})
    listed = ", ".join(spaces[:6])
    return f"restart them first, linkerd-identity before all others, in namespace {listed}"
