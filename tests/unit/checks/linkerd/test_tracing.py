"""Tracing as `./mesh check` sees it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.ambassador.tracing import tracing_service
from checks.facts import fetch
from checks.facts.results import UPDATE, Finding, Status
from checks.linkerd import tracing
from config import MeshConfig
from tests.unit.checks.builders import (
    ambassador,
    cluster_case,
    deployment,
    endpoints,
    failures,
    mesh,
    of,
    pod,
    service,
    view,
    with_ambassador,
)
from vocabulary.kinds import ENDPOINTS, POD, SECRET, TRACING_SERVICE

COLLECTOR = {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"}
ANSWERS = "the collector tracing/tempo has ready pods"
MESHED = "the collector is meshed"
ACCOUNT = "the collector runs as ServiceAccount tempo"
TOLD = "proxies send their spans to tempo.tracing:4317"
OWN = "Ambassador has one TracingService"
IDENTITY = "tempo.tracing.serviceaccount.identity.linkerd.cluster.local"


def config(**linkerd: Any) -> MeshConfig:
    tracing_of = {**COLLECTOR, **linkerd.pop("tracing", {})}
    west = {"context": "west", "linkerd": {**linkerd, "tracing": tracing_of}}
    return mesh({"clusters": {"west": west}})


def collector(*containers: str, account: str = "tempo", port: int = 4317) -> list[dict[str, Any]]:
    own = pod("tempo-0", "tracing", *(containers or ("tempo", "linkerd-proxy")), labels=LABELS)
    own["spec"]["serviceAccountName"] = account
    return [
        service("tempo", "tracing", ports={"otlp": port}, selector=LABELS),
        endpoints("tempo", "tracing"),
        own,
    ]


LABELS = {"app": "tempo"}


def proxied(address: str = "tempo.tracing:4317", identity: str = IDENTITY) -> dict[str, Any]:
    env = [
        {"name": tracing.ADDRESS, "value": address},
        {"name": tracing.IDENTITY, "value": identity},
    ]
    return deployment(
        "linkerd-destination",
        "linkerd",
        pod_spec={"containers": [{"name": "linkerd-proxy", "env": env}]},
    )


def seen(*objects: dict[str, Any], to: MeshConfig | None = None) -> list[Finding]:
    return list(tracing.tracing(cluster_case(view(*objects), to or config())))


def test_a_meshed_collector_that_all_know_of_passes() -> None:
    found = seen(*collector(), proxied())
    assert [(one.title, one.status) for one in found] == [
        (title, Status.OK) for title in (ANSWERS, MESHED, ACCOUNT, TOLD)
    ]


def test_nothing_is_checked_where_nothing_traces() -> None:
    untraced = mesh({"clusters": {"west": {"context": "west", "ambassador": {}}}})
    assert seen(to=untraced) == []
    kinds = {listing.kind for listing in fetch.plan(untraced, "west", pre=False)}
    assert TRACING_SERVICE not in kinds


def test_a_collector_that_is_not_there_is_reported_once() -> None:
    found = seen(proxied())
    assert failures(found) == [ANSWERS]
    assert of(found, MESHED).status is Status.SKIPPED
    assert "clusters.west.linkerd.tracing.collector" in of(found, ANSWERS).hint


def test_a_collector_without_the_port_or_without_ready_pods_does_not_answer() -> None:
    assert failures(seen(*collector(port=3100), proxied())) == [ANSWERS]
    standing, _, own = collector()
    assert failures(seen(standing, own, proxied())) == [ANSWERS]
    waiting = endpoints("tempo", "tracing", "notReadyAddresses")
    assert failures(seen(standing, waiting, own, proxied())) == [ANSWERS]


def test_a_collector_without_proxy_gets_nothing_from_proxies() -> None:
    found = seen(*collector("tempo"), proxied())
    assert failures(found) == [MESHED]


def test_a_collector_of_another_account_is_another_identity() -> None:
    found = seen(*collector(account="loki"), proxied())
    assert failures(found) == [ACCOUNT]
    assert "it runs as loki" in of(found, ACCOUNT).detail
    assert of(found, ACCOUNT).hint.endswith("tracing.serviceAccount")


@pytest.mark.parametrize(
    "wrong",
    [proxied(address="jaeger.tracing:4317"), proxied(address=""), proxied(identity="somebody")],
)
def test_proxies_that_know_of_another_collector_or_of_none_are_reported(wrong: Any) -> None:
    found = seen(*collector(), wrong)
    assert failures(found) == [TOLD]
    assert of(found, TOLD).hint == UPDATE


def test_a_native_sidecar_is_read_as_well() -> None:
    wrong = proxied(address="jaeger.tracing:4317")
    template = wrong["spec"]["template"]["spec"]
    template["initContainers"] = template.pop("containers")
    assert failures(seen(*collector(), wrong)) == [TOLD]


def test_pods_that_the_injector_gives_a_proxy_have_nothing_of_it_themselves() -> None:
    bare = deployment("linkerd-destination", "linkerd", pod_spec={"containers": [{"name": "own"}]})
    assert of(seen(*collector(), bare), TOLD).status is Status.SKIPPED


def test_an_earlier_linkerd_needs_the_injector_of_the_extension() -> None:
    older = config(version="2025.3.1")
    title = "Deployment linkerd-jaeger/jaeger-injector is available"
    found = seen(*collector(), to=older)
    assert [one.title for one in found if one.status is Status.FAILURE] == [title]
    there = deployment("jaeger-injector", "linkerd-jaeger")
    assert failures(seen(*collector(), there, to=older)) == []
    assert (SECRET, "linkerd-jaeger") in {
        (listing.kind, listing.namespace) for listing in fetch.plan(older, "west", pre=False)
    }


def test_what_the_checks_need_is_read() -> None:
    read = {(one.kind, one.namespace) for one in fetch.plan(config(), "west", pre=False)}
    assert {(ENDPOINTS, "tracing"), (POD, "tracing")} <= read
    edge = with_ambassador(tracing={"service": "tempo.tracing:4317"})
    kinds = {one.kind for one in fetch.plan(edge, "west", pre=False)}
    assert TRACING_SERVICE in kinds


# Ambassador ---------------------------------------------------------------------------------


def edge(*objects: dict[str, Any]) -> Finding:
    config = with_ambassador(tracing={"service": "tempo.tracing:4317"})
    (found,) = tracing_service(cluster_case(view(*objects), config))
    assert found.title == OWN
    return found


def own(name: str = "tracing", **spec: Any) -> dict[str, Any]:
    given = {"service": "tempo.tracing:4317", "driver": "opentelemetry", **spec}
    return ambassador("TracingService", name, **given)


def test_the_only_tracing_service_passes_and_says_when_it_is_read() -> None:
    assert edge(own()).status is Status.OK
    assert "start" in edge(own()).detail


@pytest.mark.parametrize(
    "objects", [(), (own("theirs"),), (own(service="elsewhere:4317"),), (own(driver="zipkin"),)]
)
def test_a_tracing_service_that_lacks_or_sends_elsewhere_is_reported(objects: Any) -> None:
    assert (edge(*objects).status, edge(*objects).hint) == (Status.FAILURE, UPDATE)


def test_a_second_tracing_service_is_reported_by_its_name() -> None:
    found = edge(own(), own("theirs"))
    assert found.status is Status.FAILURE
    assert "theirs" in found.detail
