"""Where a rotation is: what each cluster holds now, and what is missing before the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from config.core.mesh import MeshConfig
from config.preconditions import Expectations, expectations
from config.trust.anchor_certificates import issuing_anchor
from config.trust.trust_anchor import TrustAnchorConfig
from lifecycle.restarts.plan import Plan, plan
from lifecycle.rotation.step import RotationError, Step
from preflight.anchor_change import NextTrust, refusals, signed_before
from preflight.cluster_error import ClusterError, ClusterProblem, context_of
from preflight.guard import examine
from preflight.meshed_pods import MeshedPod, certificates
from preflight.proxy_trust import HeldTrust


@dataclass(frozen=True)
class ClusterStatus:
    """One cluster in a rotation."""

    name: str
    held: HeldTrust | None
    """What its proxies trust; None where Linkerd is not installed."""
    names: Mapping[x509.Certificate, str]
    """Anchors of the bundle by their names in the stack file, as far as they are known."""
    plan: Plan
    """What has to restart before the next step."""
    to_update: str = ""
    """How it differs from the stack file; empty where it does not."""

    @property
    def bundle(self) -> list[str]:
        """The anchors that its proxies trust."""
        return [self.label(anchor) for anchor in (self.held.anchors if self.held else ())]

    @property
    def signer(self) -> str:
        """The anchor that signed its issuer; empty where that is none of the bundle."""
        found = _signer(self.held) if self.held else None
        return self.label(found) if found is not None else ""

    @property
    def unread(self) -> tuple[str, ...]:
        """What the credentials may not read in it."""
        return self.held.unread if self.held else ()

    def label(self, anchor: x509.Certificate) -> str:
        """An anchor's name, or its serial number."""
        return self.names.get(anchor) or f"serial number {anchor.serial_number:x}"


def look(mesh: MeshConfig, now: datetime | None = None) -> list[ClusterStatus]:
    """What every cluster has; `now` is the current time unless given.

    Raises ClusterError where one does not answer or is not the expected one.
    """
    reads = {name: Expectations(trust=expectations(mesh, name).trust) for name in mesh.clusters}
    reach = examine(mesh.clusters, reads)
    moment = now or datetime.now(UTC)
    return [status(mesh, name, reach[name].trust, moment) for name in mesh.clusters]


def status(mesh: MeshConfig, cluster: str, held: HeldTrust | None, now: datetime) -> ClusterStatus:
    """What a cluster has, compared with the stack file."""
    if held is None:
        absent = "it has no trust anchors yet"
        return ClusterStatus(cluster, None, {}, Plan(cluster, ()), absent)
    config = mesh.trust_anchor
    names = _names(config, held.anchors)
    to_update = _differs(config, held, names)
    pods = plan(mesh, cluster, _due(config, held, now, updated=not to_update))
    return ClusterStatus(cluster, held, names, pods, to_update)


def require_complete(found: list[ClusterStatus], stack: str) -> None:
    """Raise RotationError where updates or restarts are missing before the next step."""
    unread = [f"{one.name}: {', '.join(one.unread)}" for one in found if one.unread]
    if unread:
        raise RotationError(
            "the credentials may not read what running proxies trust:\n"
            + "\n".join(f"  {line}" for line in unread),
            "use credentials that may read it",
        )
    updates = [f"{one.name}: {one.to_update}" for one in found if one.to_update]
    if updates:
        raise RotationError(
            "the clusters are not as the stack file says:\n"
            + "\n".join(f"  {line}" for line in updates),
            f"run `pulumi up --stack {stack}`, then this command again",
        )
    restarts = [f"{one.name}: {one.plan}" for one in found if one.plan.all]
    if restarts:
        raise RotationError(
            "workloads have to restart first:\n" + "\n".join(f"  {line}" for line in restarts),
            f"`./mesh rotate {stack}` lists them, `./mesh rotate {stack} --restart` restarts them",
        )


def require_permitted(
    mesh: MeshConfig, found: list[ClusterStatus], step: Step, now: datetime | None = None
) -> None:
    """Raise ClusterError where the guard would refuse the update after a step."""
    before = mesh.trust_anchor
    after = TrustAnchorConfig.model_validate(
        step.applied(before.model_dump(by_alias=True, exclude_unset=True))
    )
    known = {name: anchor for one in found for anchor, name in one.names.items()}
    wanted = NextTrust.of(after, {anchor.name: known.get(anchor.name) for anchor in after.anchors})
    held = {one.name: one.held for one in found if one.held is not None}
    problems = [
        ClusterProblem(name, context_of(mesh.clusters[name]), *reason)
        for name, reason in refusals(held, wanted, mesh.clusters, now)
    ]
    if problems:
        raise ClusterError(problems)


def _due(
    config: TrustAnchorConfig, held: HeldTrust, now: datetime, *, updated: bool
) -> Iterator[MeshedPod]:
    """Pods with older anchors, and those with certificates below an anchor that is to go."""
    rotates = updated and any(anchor.state == "tainted" for anchor in config.anchors)
    old = set(signed_before(held, now)) if rotates else set()
    yield from (pod for pod in held.pods if pod.stale or pod in old)


def _names(
    config: TrustAnchorConfig, bundle: tuple[x509.Certificate, ...]
) -> dict[x509.Certificate, str]:
    """Names of a bundle's certificates: provided ones are known, generated ones are in order."""
    names = {
        certificate: anchor.name
        for anchor in config.anchors
        for certificate in certificates(anchor.certificate or "")
    }
    others = [one for one in bundle if one not in names]
    generated = [anchor.name for anchor in config.anchors if anchor.generated]
    # An anchor is added at the end; which one was removed, the bundle does not say.
    if len(others) <= len(generated):
        names.update(zip(others, generated, strict=False))
    return {one: names[one] for one in bundle if one in names}


def _differs(
    config: TrustAnchorConfig, held: HeldTrust, names: Mapping[x509.Certificate, str]
) -> str:
    wanted = [anchor.name for anchor in config.anchors]
    if len(held.anchors) > len(wanted):
        return f"its bundle has {len(held.anchors)} anchors, the stack file {len(wanted)}"
    missing = [name for name in wanted if name not in names.values()]
    if missing:
        return f"its bundle lacks {', '.join(missing)}"
    signer = _signer(held)
    active = config.signing_anchor.name
    if signer is not None and names.get(signer) != active:
        later = ", until cert-manager renews it" if config.cert_manager is not None else ""
        return f"its issuer is signed by {names.get(signer)}, and {active} is active{later}"
    return ""


def _signer(held: HeldTrust) -> x509.Certificate | None:
    if held.issuer is None:
        return None
    return issuing_anchor(held.issuer, held.chain, held.anchors)
