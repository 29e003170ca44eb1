"""What `./mesh rotate` prints, line by line; no line has anything secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config import PROJECT
from config.core.mesh import MeshConfig
from lifecycle.restarts.plan import Plan, Restart
from lifecycle.rotation.status import ClusterStatus
from lifecycle.rotation.step import RotationError, Step, next_step

COMPONENT = f"{PROJECT}:components:TrustAnchor"
"""Type of the component that makes anchors."""
TYPES = {
    "key": "tls:index/privateKey:PrivateKey",
    "certificate": "tls:index/selfSignedCert:SelfSignedCert",
}
"""Types of what it makes for a generated anchor, by the last word of their names."""


def where(mesh: MeshConfig, found: Sequence[ClusterStatus]) -> Iterator[str]:
    """Where the rotation is: the anchors, and each cluster."""
    yield "anchors of the stack file"
    signing = mesh.trust_anchor.signing_anchor
    for anchor in mesh.trust_anchor.anchors:
        signs = "signs" if anchor is signing else "trusted"
        origin = "generated" if anchor.generated else "provided"
        yield f"  {anchor.name}: {anchor.state or signs}, {origin}"
    for one in found:
        context = mesh.clusters[one.name].context
        yield f"cluster {one.name}"
        if one.held is not None:
            yield f"  bundle: {', '.join(one.bundle)}"
            yield f"  issuer: signed by {one.signer or 'an anchor that is not in the bundle'}"
            yield f"  pods with a proxy: {len(one.held.pods)}"
        if one.unread:
            yield f"  missing: the right to read {', '.join(one.unread)}"
        if one.to_update:
            yield f"  missing: the update, as {one.to_update}"
        if one.plan.all:
            yield f"  missing: restarts of {one.plan}"
            yield from (f"    {line}" for line in restarts(one.plan, context))


def restarts(plan: Plan, context: str | None) -> Iterator[str]:
    """Each workload that has to restart, and the commands for what is left to the user."""
    for one in plan.restarts:
        yield f"{one}{_gap(one)}"
    for one in plan.left:
        yield f"{one}: left to you, as {one.left}{_gap(one)}"
        yield from (f"  {command}" for command in one.commands(context))
    if plan.unread:
        yield f"unknown: which of them have no ready pod during their restart, as {plan.unread}"


def _gap(one: Restart) -> str:
    return ": all its pods end before a new one is ready" if one.gap else ""


def following(mesh: MeshConfig, stack: str, found: Sequence[ClusterStatus]) -> Iterator[str]:
    """What a user does next: the update, the restarts, or the next edit of the stack file."""
    if any(one.to_update for one in found):
        yield f"next: pulumi up --stack {stack}"
        return
    if any(one.plan.all for one in found):
        yield from _restart_first(mesh, stack, found)
        return
    try:
        step = next_step(mesh.trust_anchor)
    except RotationError as error:
        yield f"next: {error.message}"
        yield f"  {error.remedy}"
        return
    yield f"next{', to replace the anchor' if step.added else ''}: {step.title}"
    yield from (f"  {line}" for line in step.lines(mesh.trust_anchor.anchors))
    yield f"`./mesh rotate {stack} --next` writes that into the stack file; then"
    yield from (f"  {line}" for line in commands(mesh, stack, step))


def _restart_first(mesh: MeshConfig, stack: str, found: Sequence[ClusterStatus]) -> Iterator[str]:
    if mesh.trust_anchor.restarts.by == "rotate" and any(one.plan.restarts for one in found):
        yield f"next: ./mesh rotate {stack} --restart"
        return
    yield "next: restart the workloads, one after another, linkerd-identity before all others"
    for one in found:
        for workload in one.plan.restarts:
            lines = workload.commands(mesh.clusters[one.name].context)
            yield from (f"  {line}" for line in lines)
    yield f"  ./mesh rotate {stack}"


def commands(mesh: MeshConfig, stack: str, step: Step) -> Iterator[str]:
    """What a user types after the edit."""
    removed = next((one for one in mesh.trust_anchor.anchors if one.name == step.removed), None)
    if removed is not None and removed.generated and mesh.protection.trust_anchor:
        for urn in urns(stack, removed.name):
            yield f"pulumi state unprotect --stack {stack} --yes '{urn}'"
    yield f"pulumi up --stack {stack}"
    yield f"./mesh rotate {stack}"


def urns(stack: str, anchor: str) -> Iterator[str]:
    """The URNs of a generated anchor's resources, which are protected from deletion.

    Facts: Pulumi docs, "Resource names": the type has those of the parents before it.
    """
    for last, kind in TYPES.items():
        name = f"trust-anchor-anchor.{anchor}-{last}"
        yield f"urn:pulumi:{stack}::{PROJECT}::{COMPONENT}${kind}::{name}"
