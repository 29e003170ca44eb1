"""Which clients the multicluster gateway admits to which Service.

Judged by effect, as in `checks.ambassador.inbound`. Facts: those of `config.inventory.admission`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.ambassador.inbound import POLICY, Judged, because, judged, reads_more
from checks.facts.case import ClusterCase
from checks.facts.check import WITH_POLICY, Check, Phase
from checks.facts.results import UPDATE, Finding, failure, ok, skipped
from checks.facts.view import View
from checks.linkerd.clients import Authorization
from config.inventory import Admission, AdmittedExport
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import POLICY_HTTP_ROUTE
from vocabulary.linkerd import PROXY_INBOUND_PORT


def admission(case: ClusterCase) -> Iterator[Finding]:
    """The gateway admits to each exported Service its clients, and to no other Service any."""
    for found in case.inventory.admissions:
        if found.everything:
            continue
        for one in judged(case, [PROXY_INBOUND_PORT]):
            if one.policy.server != found.gateway.policy:
                title = f"Server {found.gateway.policy} decides who can call through the gateway"
                yield failure(title, because(one), f"{UPDATE}, and delete a Server that is older")
                continue
            for export in found.exports:
                yield _export(case.view, found, export, one)
            yield _others(found, one)


def _export(view: View, found: Admission, export: AdmittedExport, one: Judged) -> Finding:
    title = f"the gateway admits to Service {export.service} its clients alone"
    route = f"{POLICY_HTTP_ROUTE.name} {export.name}"
    seen = view.get(POLICY_HTTP_ROUTE, found.gateway.namespace, export.name)
    if seen is None:
        return failure(title, f"it has no {route}", UPDATE)
    hosts = inner(seen, "spec").get("hostnames") or []
    if set(hosts) != set(export.hostnames):
        return failure(title, f"{route} is for the hosts {some(hosts) or 'of all'}", UPDATE)
    allowed = one.policy.routes.get(route)
    if allowed is None and view.simulated:
        return skipped(title, "pods are simulated (kwok), so that no controller accepts routes")
    if allowed is None:
        return failure(
            title,
            f"the policy controller has not accepted {route}",
            f"see `kubectl -n {found.gateway.namespace} get httproutes.{POLICY_HTTP_ROUTE.group} "
            f"{export.name} -o yaml`",
        )
    return _compared(title, allowed, export.clients, one)


def _others(found: Admission, one: Judged) -> Finding:
    title = "the gateway admits no client to Services that are not exported"
    if found.to_every_service:
        title = (
            "the gateway admits to every meshed Service clients of opaque or selected ones alone"
        )
    return _compared(title, one.policy.authorizations, found.to_every_service, one)


def _compared(
    title: str, allowed: Iterable[Authorization], wanted: Iterable[str], one: Judged
) -> Finding:
    """Whether exactly the wanted identities are authorized, from every network."""
    seen = {
        identity: item.by
        for item in allowed
        for identity in (item.identities if item.identities is not None else ("any client",))
    }
    lacking = [identity for identity in wanted if identity not in seen]
    more = [f"{identity} ({by})" for identity, by in seen.items() if identity not in set(wanted)]
    wrong = [f"{some(lacking)} is refused"] if lacking else []
    wrong += [f"it admits {some(more)} as well"] if more else []
    if one.skipped or wrong:
        return failure(title, "; ".join(wrong) or "connections bypass the proxy", UPDATE)
    return ok(title, some(wanted))


CHECKS = (
    Check(
        "policy", Phase.PARTS, admission, POLICY, reads_more=reads_more, only=WITH_POLICY, order=32
    ),
)
