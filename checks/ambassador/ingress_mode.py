"""Linkerd's ingress mode done safely: no client steers Ambassador's proxies.

Fact (Linkerd docs, "Ingress traffic"): in this mode a proxy routes by the header l5d-dst-override.
Ambassador adds its own to what the client sent, which therefore has to be removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.ambassador.routes import all_mappings, objects
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import MAPPING, Object
from vocabulary.linkerd import DST_OVERRIDE_HEADER


def ingress_mode(case: ClusterCase) -> Iterator[Finding]:
    """Every Mapping of the stack file removes the header from clients' requests."""
    config = case.config.ambassador
    if config is None or config.sidecar.mode != "ingress":
        return
    title = f"Mappings of the stack file remove {DST_OVERRIDE_HEADER} from clients' requests"
    there = {
        mapping.name: found
        for mapping in all_mappings(case.mesh, case.name)
        if (found := case.view.get(MAPPING, config.namespace, mapping.name)) is not None
    }
    open_ones = [
        name for name, found in there.items() if DST_OVERRIDE_HEADER not in _removed(found)
    ]
    if not there:
        yield skipped(title, "there are none")
    elif open_ones:
        yield failure(
            title,
            f"{some(open_ones)} do not: a client that sends this header reaches any meshed Service",
            UPDATE,
        )
    else:
        yield ok(title, some(there))


def _removed(mapping: Object) -> set[str]:
    found = inner(mapping, "spec").get("remove_request_headers") or []
    return {str(name).lower() for name in ([found] if isinstance(found, str) else found)}


CHECKS = (Check("ambassador", Phase.PARTS, ingress_mode, objects(MAPPING), order=15),)
