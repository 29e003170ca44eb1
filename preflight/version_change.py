"""Changes of versions that would leave a cluster in a state that its makers do not support.

Facts: Linkerd docs, "Upgrading Linkerd" (see `config/variants/linkerd_versions.py`); Kubernetes
docs, "Versions in CustomResourceDefinitions": a CRD has to keep the versions that objects are
stored in. Extensions that are older than the control plane, and linked clusters of different
versions, are within what the docs of Linkerd allow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from config.inventory.charts import Release
from config.language.formats import numbers
from config.language.problems import printable, some
from config.preconditions import Versions
from config.variants.linkerd_versions import minor, next_step, too_far
from kube.failures import Reason
from kube.helm import Installed
from preflight.meshed_pods import MeshedPod
from vocabulary.linkerd import CONTROL_PLANE_CHARTS

PAGE = "docs/upgrade.md"


def version_change(
    found: Mapping[tuple[str, str], Installed],
    releases: Iterable[Release],
    pods: Collection[MeshedPod],
    wanted: Versions,
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Why the change from what is installed is refused, and what to warn of.

    `found` has the charts of the releases by namespace and name, `pods` are those with a proxy.
    What the stack file allows with a reason is a warning.
    """
    reasons = tuple(refusals(found, releases, pods, wanted))
    if wanted.allowed is None:
        return reasons, ()
    allowed = f"allowed by clusters.{wanted.cluster}.upgrade.allow: {printable(wanted.allowed)}"
    return (), tuple(f"{message} ({allowed})" for message, _ in reasons)


def refusals(
    found: Mapping[tuple[str, str], Installed],
    releases: Iterable[Release],
    pods: Collection[MeshedPod],
    wanted: Versions,
) -> Iterator[Reason]:
    """Why the change to these releases is not supported, each with what to do instead."""
    key = f"clusters.{wanted.cluster}.{{}}"
    lower: dict[tuple[str, str, str], list[str]] = {}
    for release in releases:
        present = found.get(release.key)
        if present is not None and _is_older(release, present):
            where = key.format(release.version_key)
            lower.setdefault((where, present.version, release.version), []).append(str(release))
    for (where, before, after), names in lower.items():
        yield (
            f"the update would downgrade {', '.join(names)} from {before} to {after}: older CRDs "
            "and controllers may not know what newer ones have stored, and Linkerd supports no "
            "control plane that is behind its proxies",
            f'write "{before}" or a later version under {where}, or the reason for the downgrade '
            f"under {key.format('upgrade.allow')}; {PAGE} has the steps",
        )
    control_plane = control_plane_of(found, wanted.namespace)
    if control_plane is not None and not lower:
        yield from _distance(control_plane, pods, wanted)


def control_plane_of(
    found: Mapping[tuple[str, str], Installed], namespace: str
) -> Installed | None:
    """The release of Linkerd's control plane in this namespace; None where no release is."""
    here = (one for (space, _), one in found.items() if space == namespace)
    return next((one for one in here if one.chart in CONTROL_PLANE_CHARTS), None)


def _is_older(release: Release, present: Installed) -> bool:
    """Whether a release would get an older chart than it has."""
    if release.chart != present.chart:
        return False
    # The chart emissary-ingress of two repositories has numbers of its own in one of them.
    version = present.release if release.origin == "emissary" else present.version
    try:
        return numbers(release.version) < numbers(version)
    except ValueError:
        return False


def _distance(
    control_plane: Installed, pods: Collection[MeshedPod], wanted: Versions
) -> Iterator[Reason]:
    """A control plane that would be too far ahead of what runs now, or behind it."""
    before, after = control_plane.release, wanted.linkerd
    key = f"clusters.{wanted.cluster}.linkerd.version"
    old, new = minor(before), minor(after)
    if old is None or new is None or before == after:
        return
    if new < old:
        yield (
            f"the update would replace Linkerd {before} by the older {after}",
            f"write a version since 2.{old} under {key}; {PAGE} has the steps",
        )
    elif too_far(before, after):
        step = next_step(before, after)
        how = f'write "{step}" under {key} first, and restart the meshed workloads'
        yield (
            f"the update would upgrade Linkerd from {before} (version 2.{old}) to {after} (version "
            f"2.{new}); Linkerd supports proxies that are one version older than the control "
            "plane, so that no version can be skipped",
            f"{how}; {PAGE} has the steps"
            if not too_far(before, step)
            else f"upgrade with Linkerd's own documents to 2.{new - 1} first",
        )
    else:
        behind = [pod for pod in pods if pod.version and too_far(pod.version, after)]
        # The update itself replaces those of the control plane.
        behind = [pod for pod in behind if not pod.workload.startswith(f"{wanted.namespace}/")]
        if behind:
            yield (
                f"proxies of {_some(behind)} would be more than one version older than the "
                f"control plane {after} (version 2.{new}), which Linkerd does not support",
                f"restart these workloads first, so that they get proxies of {before}",
            )


def _some(pods: Iterable[MeshedPod]) -> str:
    return some(sorted({f"{pod.workload} ({pod.version})" for pod in pods}))
