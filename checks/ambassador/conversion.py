"""The webhook that converts Ambassador's objects between their versions.

Fact: Emissary-ingress 3 and Edge Stack store v2 and write v3alpha1, so that no object can be read
or written while Deployment ``emissary-apiext`` does not answer; it fills in the caBundle itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.cluster.workloads import availability
from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase
from checks.facts.listing import Listing, named
from checks.facts.results import UPDATE, Finding, Status, failure, ok, skipped, warning
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from kube.answers import inner
from vocabulary.ambassador import CONVERSION_WEBHOOK
from vocabulary.kinds import CRD, DEPLOYMENT, HOST, MAPPING, Object

CRDS = (MAPPING.crd, HOST.crd)
"""CRDs of which all others are like."""

_BLIND = "getambassador.io resources cannot be read or written without it"


def webhook_of(crd: Object) -> dict[str, Any] | None:
    """How a CRD's webhook is called; None where the CRD needs none."""
    conversion = inner(crd, "spec", "conversion")
    if conversion.get("strategy") != "Webhook":
        return None
    return inner(conversion, "webhook", "clientConfig")


def service_of(config: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of a webhook's Service, which are those of its Deployment too."""
    service = inner(config, "service")
    return str(service.get("namespace") or "emissary-system"), str(
        service.get("name") or CONVERSION_WEBHOOK
    )


def conversion(case: ClusterCase) -> Iterator[Finding]:
    """Where CRDs are converted, the webhook runs and the API server trusts it."""
    config = case.config.ambassador
    if config is None:
        return
    found = {name: case.view.get(CRD, "", name) for name in CRDS}
    webhooks = {
        name: webhook
        for name, crd in found.items()
        if crd is not None and (webhook := webhook_of(crd)) is not None
    }
    if not webhooks:
        if config.installed and config.objects_version in config.line.converted:
            yield _unconverted(config, found)
        return
    places = {service_of(webhook) for webhook in webhooks.values()}
    for namespace, name in sorted(places):
        yield _running(case.view, namespace, name)
    title = "the API server trusts the webhook that converts Ambassador's objects"
    untrusted = [name for name, webhook in webhooks.items() if not webhook.get("caBundle")]
    if untrusted and case.view.simulated:
        yield warning(
            title,
            f"{some(untrusted)} have no caBundle: pods of this cluster are simulated (kwok), so "
            "it is not filled in",
        )
    elif untrusted:
        yield failure(
            title,
            f"no caBundle is in {some(untrusted)}, and {_BLIND}",
            "the webhook fills it in when it starts: "
            + " and ".join(
                f"`kubectl -n {namespace} rollout restart deployment {name}`"
                for namespace, name in sorted(places)
            ),
        )
    else:
        yield ok(title)


def _unconverted(config: AmbassadorConfig, found: dict[str, Object | None]) -> Finding:
    title = "Ambassador's objects are converted between their versions"
    if not any(found.values()):
        return skipped(title, "its CRDs do not exist")
    return failure(
        title,
        f"its CRDs name no webhook, which {config.objects_version} needs",
        f"{UPDATE}, or have the CRDs of {config.chart_version} installed",
    )


def _running(view: View, namespace: str, name: str) -> Finding:
    title = f"Deployment {namespace}/{name}, which converts Ambassador's objects, is available"
    hint = f"see `kubectl -n {namespace} get pods,events`"
    deployment = view.get(DEPLOYMENT, namespace, name)
    if deployment is None:
        # An update reads objects that only this Deployment can convert.
        return failure(
            title,
            f"it does not exist, and {_BLIND}",
            f"restore it, for example with `helm -n {namespace} rollback` of the CRDs' release, "
            "then run `pulumi up`",
        )
    status, text = availability(deployment)
    if status is Status.OK:
        return ok(title, text)
    if status is Status.FAILURE:
        text = f"{text}; {_BLIND}"
    return Finding(title, status, text, hint)


def _reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
    if mesh.clusters[cluster].ambassador is not None:
        yield from (named(CRD, "", name) for name in CRDS)


def _reads_more(_: MeshConfig, __: str, view: View) -> Iterator[Listing]:
    """The Deployments of the webhooks that the CRDs name."""
    for crd in view.all(CRD):
        webhook = webhook_of(crd)
        if webhook is not None:
            yield Listing(DEPLOYMENT, service_of(webhook)[0])


CHECKS = (Check("ambassador", Phase.PARTS, conversion, _reads, reads_more=_reads_more, order=12),)
