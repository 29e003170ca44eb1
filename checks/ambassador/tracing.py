"""Ambassador's TracingService."""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.routes import objects
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok
from config.ambassador.ambassador import AmbassadorConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.linkerd.tracing import AmbassadorTracing
from kube.answers import inner
from vocabulary.kinds import TRACING_SERVICE, name_of


def tracing_service(case: ClusterCase) -> Iterator[Finding]:
    """Ambassador has exactly one TracingService: with a second one, it traces nothing."""
    config = case.config.ambassador
    if config is not None and config.tracing is not None:
        yield _only(case, config, config.tracing)


def _only(case: ClusterCase, config: AmbassadorConfig, tracing: AmbassadorTracing) -> Finding:
    title = "Ambassador has one TracingService"
    found = {name_of(item): item for item in case.view.all(TRACING_SERVICE, config.namespace)}
    own = found.pop("tracing", None)
    if own is None:
        missing = f"TracingService {config.namespace}/tracing does not exist"
        return failure(title, missing, UPDATE)
    if found:
        return failure(
            title,
            f"another one exists, {some(found)}, and with two Ambassador traces nothing",
            "delete it, or remove ambassador.tracing",
        )
    spec = inner(own, "spec")
    if (spec.get("service"), spec.get("driver")) != (tracing.service, tracing.driver):
        sent = f"{spec.get('driver', 'nothing')} to {spec.get('service', 'no service')}"
        return failure(title, f"it sends {sent}", UPDATE)
    return ok(title, "Ambassador reads it when its pods start")


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    config = mesh.clusters[cluster].ambassador
    if config is not None and config.tracing is not None:
        yield from objects(TRACING_SERVICE)(mesh, cluster)


CHECKS = (Check("tracing", Phase.PARTS, tracing_service, _reads, order=41),)
