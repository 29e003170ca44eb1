"""The Link of a source: its version, its target, its gateway, its selectors.

Facts: Linkerd docs, "Multi-cluster communication"; what `linkerd multicluster check` checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checks.facts.case import LinkCase
from checks.facts.check import WITH_LINKS, Check, Phase
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.links.gateways import link_address
from checks.links.service_mirror import link_reads
from config.language.problems import some
from config.links.link import LinkConfig
from config.links.selectors import Selector
from kube.answers import inner, items
from vocabulary.kinds import (
    LINK,
    Object,
    annotations_of,
)
from vocabulary.linkerd import (
    CREATED_BY,
    MULTICLUSTER,
    credentials_secret,
)

LINK_VERSION = "v1alpha3"


def link_resource(case: LinkCase) -> Iterator[Finding]:
    """The Link exists in the version that controllers read, and describes the gateway."""
    title = f"the source serves Links in {LINK_VERSION}"
    if not case.source.serves(LINK, LINK_VERSION):
        yield failure(
            title, "it does not serve them", f"{UPDATE}, which updates linkerd-multicluster there"
        )
        return
    yield ok(title)
    title = f"Link {MULTICLUSTER}/{case.link.target} exists"
    link = case.source.get(LINK, MULTICLUSTER, case.link.target)
    if link is None:
        yield failure(title, "it does not", UPDATE)
        return
    yield ok(title)
    yield from _spec(case, inner(link, "spec"))
    title = "the Link has annotation linkerd.io/created-by"
    made_by = annotations_of(link).get(CREATED_BY, "")
    if re.fullmatch(r"linkerd/cli \S+", made_by):
        yield ok(title, made_by)
    else:
        yield warning(
            title,
            "without linkerd/cli <version> there, `linkerd multicluster check` warns",
            UPDATE,
        )


def _spec(case: LinkCase, spec: Object) -> Iterator[Finding]:
    link, target = case.link, case.target_config
    if link.flat_network:
        yield _without_gateway(spec)
    else:
        yield from _gateway(case, spec)
    yield _equal(
        "the Link describes the target cluster",
        {
            "targetClusterName": (spec, link.target),
            "targetClusterDomain": (spec, target.domain),
            "targetClusterLinkerdNamespace": (spec, target.linkerd.namespace),
            "clusterCredentialsSecret": (spec, credentials_secret(link.target)),
        },
        UPDATE,
    )
    yield _selectors(case.mesh.selectors_of(link), spec)
    yield _excluded(link, spec)


def _without_gateway(spec: Object) -> Finding:
    title = "the Link has no gateway, as its network is flat"
    found = spec.get("gatewayAddress")
    return failure(title, f"it names the gateway {found}", UPDATE) if found else ok(title)


def _gateway(case: LinkCase, spec: Object) -> Iterator[Finding]:
    link, gateway, probe = case.link, case.gateway, case.gateway.probe
    yield _equal(
        "the Link has the gateway's identity", {"gatewayIdentity": (spec, gateway.identity)}, UPDATE
    )
    address = link_address(case.mesh, link, case.target)
    if address:
        yield _equal(
            "the Link has the gateway's address",
            {
                "gatewayAddress": (spec, ",".join(address)),
                "gatewayPort": (spec, str(gateway.port.number)),
            },
            f"{UPDATE}: the gateway Service has another address now",
        )
    else:
        yield skipped("the Link has the gateway's address", "the gateway has none")
    found = inner(spec, "probeSpec")
    yield _equal(
        "the Link has the configured probe",
        {
            "path": (found, probe.path),
            "port": (found, str(probe.port.number)),
            "period": (found, f"{probe.period_seconds}s"),
            "timeout": (found, f"{probe.timeout_seconds}s"),
            "failureThreshold": (found, str(probe.failure_threshold)),
        },
        UPDATE,
    )


def _selectors(selectors: Mapping[str, Selector], spec: Object) -> Finding:
    title = "the Link has the configured selectors"
    wrong = [
        f"{key} differs"
        for key, wanted in selectors.items()
        if _conditions(inner(spec, key))
        != _conditions(wanted.model_dump(by_alias=True, mode="json"))
    ]
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def _conditions(selector: Object) -> tuple[object, ...]:
    """A selector in a form that can be compared."""
    expressions = [
        (one.get("key"), one.get("operator"), tuple(sorted(one.get("values") or [])))
        for one in items(selector, "matchExpressions")
    ]
    return tuple(sorted(inner(selector, "matchLabels").items())), tuple(sorted(expressions))


def _excluded(link: LinkConfig, spec: Object) -> Finding:
    title = "the Link excludes the configured labels and annotations"
    wanted = {
        "excludedLabels": set(link.excluded_labels),
        "excludedAnnotations": set(link.excluded_annotations),
    }
    wrong = [
        f"{key} lacks {some(sorted(keys - set(spec.get(key) or [])))}"
        for key, keys in wanted.items()
        if keys - set(spec.get(key) or [])
    ]
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def _equal(title: str, wanted: dict[str, tuple[Object, str | None]], hint: str) -> Finding:
    wrong = [
        f"{key} is {fields.get(key, 'missing')}, not {value}"
        for key, (fields, value) in wanted.items()
        if fields.get(key) != value
    ]
    return failure(title, "; ".join(wrong), hint) if wrong else ok(title)


CHECKS = (Check("link", Phase.LINK, link_resource, link_reads, only=WITH_LINKS, order=30),)
