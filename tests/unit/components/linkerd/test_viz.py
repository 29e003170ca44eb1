"""What the program declares of viz: an external Prometheus and Grafana, the dashboard's hosts."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from config import MeshConfig, load_settings
from render import Recording
from tests.unit.conftest import Records

URL = "http://prometheus.monitoring.svc.cluster.local:9090"
HOST = "linkerd.example.com"


def one(viz: dict[str, Any], domain: str = "cluster.local", **linkerd: Any) -> MeshConfig:
    """A cluster with viz and an Ambassador."""
    own = {"viz": {"enabled": True, **viz}, **linkerd}
    cluster = {"context": "a", "domain": domain, "linkerd": own, "ambassador": {}}
    return load_settings({"clusters": {"a": cluster}}, "")


def values(recording: Recording) -> dict[str, Any]:
    return cast(dict[str, Any], recording.named("a-linkerd-viz").inputs["values"])


def told(recording: Recording) -> dict[str, str]:
    space = recording.named("a-linkerd-linkerd-viz-namespace").inputs["metadata"]
    return cast(dict[str, str], space["annotations"])


def test_without_settings_the_chart_keeps_its_own_prometheus_and_hosts(recorded: Records) -> None:
    recording = recorded(one({}))
    assert not {"prometheus", "prometheusUrl", "grafana", "dashboard"} & set(values(recording))
    assert "viz.linkerd.io/external-prometheus" not in told(recording)


@pytest.mark.parametrize("ha", [False, True])
def test_an_external_prometheus_replaces_that_of_the_chart(ha: bool, recorded: Records) -> None:
    recording = recorded(one({"prometheusUrl": URL}, highAvailability=ha))
    assert values(recording)["prometheusUrl"] == URL
    assert values(recording)["prometheus"] == {"enabled": False}
    assert told(recording)["viz.linkerd.io/external-prometheus"] == URL


def test_the_dashboard_links_to_an_external_grafana(recorded: Records) -> None:
    grafana = {"externalUrl": "https://grafana.example.com", "uidPrefix": "mesh-"}
    assert values(recorded(one({"grafana": grafana})))["grafana"] == grafana


def regexp(recording: Recording) -> str:
    return cast(str, values(recording)["dashboard"]["enforcedHostRegexp"])


EXPOSED: list[dict[str, Any]] = [
    {"ingress": {"host": HOST, "controller": "traefik"}},
    {"ingress": {"host": HOST, "controller": "traefik-ingressroute"}},
    {"route": {"host": HOST}},
]


@pytest.mark.parametrize("exposed", EXPOSED)
def test_the_dashboard_answers_to_the_name_it_is_exposed_under_and_no_other(
    exposed: dict[str, Any], recorded: Records
) -> None:
    pattern = regexp(recorded(one(exposed, domain="a.example")))
    for name in (HOST, f"{HOST}:443", "localhost:50750", "[::1]", "web.linkerd-viz.svc:8084"):
        assert re.search(pattern, name), name
    assert re.search(pattern, "web.linkerd-viz.svc.a.example:8084")
    for name in ("linkerd-example.com", f"x{HOST}", f"{HOST}.evil", "", "127.0.0.10"):
        assert not re.search(pattern, name), name


def test_ingress_nginx_writes_a_name_that_the_dashboard_knows_already(recorded: Records) -> None:
    exposed = {"ingress": {"host": HOST, "controller": "ingress-nginx"}}
    assert "dashboard" not in values(recorded(one(exposed)))


def test_hosts_that_are_written_down_are_taken_as_they_are(recorded: Records) -> None:
    exposed = {**EXPOSED[0], "enforcedHostRegexp": "^mine$"}
    assert regexp(recorded(one(exposed, highAvailability=True))) == "^mine$"


def found(recording: Recording, kind: str) -> dict[str, Any]:
    return {
        item.inputs["metadata"]["name"]: item.inputs["spec"]
        for item in recording
        if item.inputs.get("kind") == kind
    }


def test_ambassador_routes_to_the_dashboard_by_a_host_and_a_mapping(recorded: Records) -> None:
    recording = recorded(one({"route": {"host": HOST, "tlsSecret": "own"}}, domain="a.example"))
    host, mapping = (found(recording, kind)["linkerd-viz"] for kind in ("Host", "Mapping"))
    assert (host["hostname"], host["tlsSecret"]) == (HOST, {"name": "own"})
    assert host["requestPolicy"] == {"insecure": {"action": "Redirect"}}
    assert (mapping["hostname"], mapping["prefix"]) == (HOST, "/")
    assert mapping["service"] == "http://web.linkerd-viz.svc.a.example:8084"
    assert "bypass_auth" not in mapping
    assert not found(recording, "Certificate")


def test_cert_manager_fills_the_secret_of_the_dashboards_host(recorded: Records) -> None:
    recording = recorded(one({"route": {"host": HOST, "certManager": {"issuer": "house"}}}))
    (certificate,) = found(recording, "Certificate").values()
    assert certificate["dnsNames"] == [HOST]
    assert found(recording, "Host")["linkerd-viz"]["tlsSecret"] == {
        "name": certificate["secretName"]
    }


def test_without_a_route_ambassador_does_not_speak_of_the_dashboard(recorded: Records) -> None:
    recording = recorded(one({}))
    assert "linkerd-viz" not in found(recording, "Host")
    assert "linkerd-viz" not in found(recording, "Mapping")
