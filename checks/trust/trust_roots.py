"""Whether running proxies trust the control plane's current anchors.

A proxy reads its trust roots once, when its pod starts. Where anchors were replaced since, it
trusts no certificate of the current issuer, and its requests fail once its connections end.

Facts: those of ``preflight/meshed_pods.py``, which compares a pod with the present anchors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from cryptography import x509

from checks.cluster.unready import ought_to_run
from checks.facts.case import ClusterCase, LinkCase
from checks.facts.check import Check, Phase, Trait
from checks.facts.listing import Listing, named
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from checks.trust import pki
from checks.trust.certificates import anchors_of, issuer_chain, trust_material
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner
from preflight.meshed_pods import OWNERS, current_hashes, owner_of, roots_of
from vocabulary.kinds import (
    CONFIG_MAP,
    POD,
    Object,
    annotations_of,
    name_of,
    namespace_of,
)
from vocabulary.linkerd import (
    CONFIG,
    CONTROL_PLANE_NS,
    MULTICLUSTER,
    TRUST_ROOT_SHA256,
    TRUST_ROOTS,
)

SHOWN = 3
"""Commands that are written out."""


@dataclass(frozen=True)
class Stale:
    """A workload whose pods have other trust roots than the control plane."""

    namespace: str
    workload: str
    """An argument of ``kubectl rollout restart``, or the name of a pod that has no such owner."""
    pods: int
    roots: tuple[x509.Certificate, ...] | None
    """What its proxies trust; None where that cannot be known."""

    def __str__(self) -> str:
        pods = "1 pod" if self.pods == 1 else f"{self.pods} pods"
        return f"{self.namespace} {self.workload} ({pods})"


def digests(view: View, namespace: str) -> frozenset[str]:
    """SHA-256 of the texts that the control plane has as its anchors, as annotations hold them.

    Raises Unseen: ConfigMaps could not be read.
    """
    found = view.get(CONFIG_MAP, namespace, TRUST_ROOTS)
    pem = str(inner(found, "data").get("ca-bundle.crt") or "")
    return current_hashes(pem, view.get(CONFIG_MAP, namespace, CONFIG))


def of_meshed_pods(view: View, namespace: str) -> Mapping[str, list[Object]]:
    """The meshed pods by the digest of their trust roots; `namespace` is the control plane's.

    Raises Unseen: pods could not be read.
    """
    found: dict[str, list[Object]] = {}
    for pod in view.all(POD, labels={CONTROL_PLANE_NS: namespace}):
        digest = annotations_of(pod).get(TRUST_ROOT_SHA256)
        if digest and ought_to_run(pod):
            found.setdefault(digest, []).append(pod)
    return found


def stale(view: View, namespace: str) -> list[Stale]:
    """Workloads whose proxies have other trust roots than the control plane has now.

    Those of the control plane come first, then those of links, then all others.

    Raises Unseen: what is needed could not be read. Raises UnreadableError: there are no anchors.
    """
    anchors = set(anchors_of(view, namespace))
    present = digests(view, namespace)
    counted: dict[tuple[str, str, tuple[x509.Certificate, ...] | None], int] = {}
    for digest, pods in of_meshed_pods(view, namespace).items():
        if digest in present:
            continue
        known = (roots for pod in pods if (roots := roots_of(pod)) is not None)
        roots = next(known, None)
        if roots is not None and set(roots) == anchors:
            # The same certificates, written otherwise.
            continue
        for pod in pods:
            key = (namespace_of(pod), _owner(pod), roots)
            counted[key] = counted.get(key, 0) + 1
    found = [Stale(space, owner, count, roots) for (space, owner, roots), count in counted.items()]
    order = {namespace: 0, MULTICLUSTER: 1}
    return sorted(found, key=lambda one: (order.get(one.namespace, 2), one.namespace, one.workload))


def _owner(pod: Object) -> str:
    kind, name = owner_of(pod)
    return f"{kind}/{name}" if kind in OWNERS else f"pod/{name_of(pod)}"


def trust_roots(case: ClusterCase) -> Iterator[Finding]:
    """Every meshed pod has the trust roots that the control plane has now."""
    title = "meshed pods trust the current anchors"
    space = case.config.linkerd.namespace
    try:
        found = stale(case.view, space)
    except pki.UnreadableError:
        yield skipped(title, "there is no bundle of anchors")
        return
    if not found:
        pods = sum(map(len, of_meshed_pods(case.view, space).values()))
        yield ok(title, f"{pods} meshed") if pods else skipped(title, "there is no meshed pod")
        return
    chain = issuer_chain(case)
    lost = [one for one in found if not trusts(one.roots, chain)]
    if lost:
        yield failure(
            title,
            f"they started with other anchors and do not trust the current issuer, so that "
            f"requests from and to them fail: {some(map(str, lost))}",
            restart(lost),
        )
        return
    yield warning(
        title,
        f"they started with another bundle, which still has the current issuer's anchor: "
        f"{some(map(str, found))}",
        restart(found),
    )


def trusts(
    roots: tuple[x509.Certificate, ...] | None, chain: list[x509.Certificate] | None
) -> bool:
    """Whether these roots, as far as they are known, verify an issuer with its chain."""
    if roots is None or not chain:
        return False
    return pki.chain_ends_in(chain[0], roots, chain[1:])


def restart(found: Iterable[Stale]) -> str:
    """The commands that give workloads the current trust roots."""
    listed = list(found)
    commands = [
        f"`kubectl -n {one.namespace} delete {one.workload}`"
        if one.workload.startswith(("pod/", "job/", "replicaset/"))
        else f"`kubectl -n {one.namespace} rollout restart {one.workload}`"
        for one in listed[:SHOWN]
    ]
    more = f" and each of the other {len(listed) - SHOWN}" if len(listed) > SHOWN else ""
    return f"restart them: {', '.join(commands)}{more}"


def across(case: LinkCase) -> Iterator[Finding]:
    """The pods of each end of a link trust the issuer of the other end."""
    ends = (
        (case.link.source, case.source, case.source_config, case.link.target, case.target),
        (case.link.target, case.target, case.target_config, case.link.source, case.source),
    )
    for name, view, config, other_name, other in ends:
        title = f"meshed pods of {name} trust the issuer of {other_name}"
        try:
            found = stale(view, config.linkerd.namespace)
        except pki.UnreadableError:
            yield skipped(title, "there is no bundle of anchors")
            continue
        chain = issuer_chain(ClusterCase(case.mesh, other_name, other))
        lost = [one for one in found if not trusts(one.roots, chain)]
        if chain is None:
            yield skipped(title, f"the issuer of {other_name} cannot be read")
        elif lost:
            detail = f"they started with other anchors: {some(map(str, lost))}"
            yield failure(title, detail, restart(lost))
        else:
            yield from _anchors_trust(title, view, config.linkerd.namespace, chain)


def _anchors_trust(
    title: str, view: View, namespace: str, chain: list[x509.Certificate]
) -> Iterator[Finding]:
    if pki.chain_ends_in(chain[0], anchors_of(view, namespace), chain[1:]):
        yield ok(title)
        return
    yield failure(
        title,
        f"it is signed by {chain[0].issuer.rfc4514_string()}, which is not among its anchors",
        f"{UPDATE}, so that both clusters have the anchors of the same stack",
    )


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    yield from trust_material(mesh, cluster)
    # Of all meshed pods, only what the injector wrote on them.
    meshed = f"{CONTROL_PLANE_NS}={mesh.clusters[cluster].linkerd.namespace}"
    yield Listing(POD, labels=meshed, metadata_only=True, complete=False)


def _samples(mesh: MeshConfig, cluster: str, view: View) -> Iterator[Listing]:
    """One pod for each digest that is not the control plane's: its roots are in its environment.

    Those of the control plane itself have them in a ConfigMap.
    """
    space = mesh.clusters[cluster].linkerd.namespace
    present = digests(view, space)
    for digest, pods in of_meshed_pods(view, space).items():
        others = [pod for pod in pods if namespace_of(pod) != space]
        if digest not in present and others:
            yield named(POD, namespace_of(others[0]), name_of(others[0]))


# The injector of Linkerd 2.8 writes no digest on pods.
WITH_HASHES: Trait = attrgetter("annotates_trust_roots")
CHECKS = (
    Check(
        "certificates",
        Phase.CAUSES,
        trust_roots,
        _reads,
        reads_more=_samples,
        only=WITH_HASHES,
        order=13,
    ),
    Check(
        "certificates", Phase.LINK, across, _reads, reads_more=_samples, only=WITH_HASHES, order=10
    ),
)
