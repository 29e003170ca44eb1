"""The view of gateways: what links and exports read of them, whatever the gateway is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from components.links.admission import gateway_policy
from config import MeshConfig
from config.core.cluster import ClusterConfig
from config.inventory import Admission
from config.links import gateway_view
from config.links.gateway_view import Gateway
from config.links.link import LinkGateway
from tests.stack_builders import changed, loaded

TARGET = "clusters.target"
LINK = "links[0]"


def mesh(**changes: Any) -> MeshConfig:
    return loaded(changed({f"{TARGET}.ambassador.gateway": {"port": 5143, **changes}}))


def test_a_link_reaches_the_gateway_by_its_own_address_port_and_probe() -> None:
    config = mesh(probePeriodSeconds=7)
    (link,) = config.links[:1]
    own = link.model_validate(
        {
            "source": link.source,
            "target": link.target,
            "gateway": {"address": ["192.0.2.7"], "port": 443},
            "probe": {"timeoutSeconds": 5},
        }
    )
    (plain,) = config.gateways(link.target)
    seen = plain.through(own)
    assert (seen.addresses, seen.port.number) == (("192.0.2.7",), 443)
    assert (seen.probe.period_seconds, seen.probe.timeout_seconds) == (7, 5)
    assert seen.ports[1] == plain.ports[1]
    assert plain.through(link).port.number == 5143


def test_only_a_probe_of_the_proxy_itself_has_a_server_for_the_admin_port() -> None:
    for probe, wanted in (("proxy", 2), ("ambassador", 1)):
        (gateway,) = mesh(probe=probe).gateways("target")
        policy = gateway_policy(Admission(gateway, (), ()))
        made = [item["metadata"] for item in policy if item["kind"] == "Server"]
        assert [item["name"] for item in made if isinstance(item, dict)] == list(gateway.servers)
        assert len(gateway.servers) == wanted


def test_a_link_goes_through_the_gateway_that_it_names_whatever_kind_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def other(name: str, cluster: ClusterConfig) -> Iterator[Gateway]:
        for gateway in kinds[0](name, cluster):
            yield replace(gateway, name="other", service="other", identity="other.identity")

    kinds = gateway_view.KINDS
    config = mesh()
    monkeypatch.setattr(gateway_view, "KINDS", (other, *kinds))
    assert [item.service for item in config.gateways("target")] == ["other", "ambassador"]
    (link,) = config.links
    assert config.gateway_of(link) is None
    named = link.model_copy(update={"gateway": LinkGateway(name="other")})
    through = config.gateway_of(named)
    assert through is not None
    assert through.identity == "other.identity"
