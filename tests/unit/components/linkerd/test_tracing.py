"""What the program declares so that Linkerd's proxies and Ambassador send their spans."""

from __future__ import annotations

from typing import Any, cast

import pytest

from components.ambassador.objects import ambassador_objects
from config import MeshConfig, load_settings
from config.ambassador.ambassador import AmbassadorConfig
from render import Recording
from tests.recordings import by_urn
from tests.unit.conftest import Records

COLLECTOR = {"collector": "tempo-distributor.tracing:4317", "serviceAccount": "tempo"}


def one(tracing: dict[str, Any] | None = None, **linkerd: Any) -> MeshConfig:
    """A cluster that traces so; not at all where nothing is given."""
    given = {"tracing": {**COLLECTOR, **tracing}} if tracing is not None else {}
    return load_settings({"clusters": {"a": {"context": "a", "linkerd": {**linkerd, **given}}}}, "")


def values(recording: Recording, name: str) -> dict[str, Any]:
    return cast(dict[str, Any], recording.named(name).inputs["values"])


# Linkerd --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2026.8.3", "2025.3.1"])
def test_without_tracing_no_collector_is_configured(version: str, recorded: Records) -> None:
    recording = recorded(one(version=version))
    told = values(recording, "a-linkerd-control-plane")
    assert "tracing" not in told["proxy"]
    assert "controller" not in told
    assert not [item for item in recording if "jaeger" in item.name]


def test_proxies_of_today_learn_the_collector_from_the_control_plane_alone(
    recorded: Records,
) -> None:
    recording = recorded(one({}))
    told = values(recording, "a-linkerd-control-plane")
    assert told["proxy"]["tracing"] == {
        "enabled": True,
        "collector": {
            "endpoint": "tempo-distributor.tracing:4317",
            "meshIdentity": {"serviceAccountName": "tempo", "namespace": "tracing"},
        },
    }
    assert "controller" not in told, "controllers would speak OpenCensus to the OTLP port"
    assert not [item for item in recording if "jaeger" in item.name]


def test_controllers_send_spans_only_to_a_collector_of_their_own(recorded: Records) -> None:
    told = values(
        recorded(one({"controllerCollector": "otel.tracing:55678"})), "a-linkerd-control-plane"
    )
    assert told["controller"]["tracing"] == {
        "enabled": True,
        "collector": {"endpoint": "otel.tracing:55678"},
    }
    assert told["proxy"]["tracing"]["collector"]["endpoint"] == COLLECTOR["collector"]


def test_values_of_the_stack_file_win_over_those_of_tracing(recorded: Records) -> None:
    labels = {"proxy": {"tracing": {"labels": {"region": "north"}}}}
    told = values(recorded(one({}, values=labels)), "a-linkerd-control-plane")
    assert told["proxy"]["tracing"]["labels"] == {"region": "north"}
    assert told["proxy"]["tracing"]["enabled"] is True


# The extension ------------------------------------------------------------------------------


def test_an_earlier_linkerd_learns_the_collector_from_the_extension_alone(
    recorded: Records,
) -> None:
    recording = recorded(one({}, version="2025.3.1", trustDomain="trust.example"))
    assert "tracing" not in values(recording, "a-linkerd-control-plane")["proxy"]
    told = values(recording, "a-jaeger-release")
    assert told["collector"] == told["jaeger"] == {"enabled": False}
    assert told["webhook"]["collectorSvcAddr"] == COLLECTOR["collector"]
    assert told["webhook"]["collectorSvcAccount"] == COLLECTOR["serviceAccount"]
    assert told["clusterDomain"] == "trust.example", "identities end in the trust domain"


@pytest.mark.parametrize(
    ("version", "port", "protocol"),
    [
        ("2025.3.1", 4317, "opentelemetry"),
        ("2025.3.1", 55678, "opencensus"),
        ("2025.2.1", 4317, "opentelemetry"),
        ("2024.9.1", 55678, None),
    ],
)
def test_the_extension_has_the_protocol_in_every_version_that_reads_it(
    version: str, port: int, protocol: str | None, recorded: Records
) -> None:
    tracing = {"collector": f"tempo.tracing:{port}"}
    told = values(recorded(one(tracing, version=version)), "a-jaeger-release")
    assert told["webhook"].get("collectorTraceProtocol") == protocol


@pytest.mark.parametrize("jaeger", [None, "2025.9.4"])
def test_the_extension_has_linkerds_version_unless_another_is_given(
    jaeger: str | None, recorded: Records
) -> None:
    tracing = {} if jaeger is None else {"jaegerVersion": jaeger}
    recording = recorded(one(tracing, version="2025.3.1"))
    assert recording.named("a-jaeger-release").inputs["version"] == (jaeger or "2025.3.1")


def test_the_extensions_webhook_has_a_certificate_of_our_anchor_so_that_previews_are_stable(
    recorded: Records,
) -> None:
    recording = recorded(one({}, version="2025.3.1"))
    certificate = recording.named("a-jaeger-jaeger-injector-tls")
    assert certificate.inputs["metadata"]["name"] == "jaeger-injector-k8s-tls"
    request = recording.named("trust-anchor-a-jaeger-injector-request")
    assert request.inputs["dnsNames"] == ["jaeger-injector.linkerd-jaeger.svc"]
    webhook = values(recording, "a-jaeger-release")["webhook"]
    assert webhook["externalSecret"] is True
    assert (
        webhook["caBundle"]
        == values(recording, "a-linkerd-control-plane")["identityTrustAnchorsPEM"]
    )


@pytest.mark.parametrize(("cni", "level"), [(False, "privileged"), (True, "restricted")])
def test_the_extensions_namespace_is_what_its_own_job_would_have_made_of_it(
    cni: bool, level: str, recorded: Records
) -> None:
    recording = recorded(one({}, version="2025.3.1", cni=cni))
    metadata = recording.named("a-jaeger-namespace").inputs["metadata"]
    assert metadata["name"] == "linkerd-jaeger"
    assert metadata["labels"] == {
        "linkerd.io/extension": "jaeger",
        "pod-security.kubernetes.io/enforce": level,
    }
    assert values(recording, "a-jaeger-release")["createNamespaceMetadataJob"] is False


def test_the_extension_waits_for_the_control_plane_its_certificate_and_its_logins(
    recorded: Records,
) -> None:
    login = {"name": "ours", "dockerConfigJson": '{"auths": {}}'}
    recording = recorded(one({}, version="2025.3.1", imagePullSecrets=[login]))
    release = recording.named("a-jaeger-release")
    assert {by_urn(recording, urn).name for urn in release.depends_on} >= {
        "a-linkerd-control-plane",
        "a-jaeger-jaeger-injector-tls",
        "a-jaeger-own-pull-ours",
    }
    assert release.inputs["values"]["imagePullSecrets"] == [{"name": "ours"}]


def test_values_for_the_extension_override_the_program_s(recorded: Records) -> None:
    given = {"jaegerValues": {"webhook": {"failurePolicy": "Fail"}}}
    told = values(recorded(one(given, version="2025.3.1")), "a-jaeger-release")["webhook"]
    assert told["failurePolicy"] == "Fail"
    assert told["externalSecret"] is True


# Ambassador ---------------------------------------------------------------------------------


def tracing_services(**settings: Any) -> list[dict[str, Any]]:
    config = AmbassadorConfig.model_validate(settings)
    return [item for item in ambassador_objects(config) if item["kind"] == "TracingService"]


@pytest.mark.parametrize("version", ["v3alpha1", "v2", "v1"])
def test_ambassador_has_one_tracing_service_in_the_version_of_its_objects(version: str) -> None:
    tracing = {"service": "tempo.tracing:4317", "serviceName": "edge", "sampling": 25}
    (made,) = tracing_services(apiVersion=version, namespace="front", tracing=tracing)
    assert made["apiVersion"] == f"getambassador.io/{version}"
    assert made["metadata"]["namespace"] == "front"
    assert made["spec"] == {
        "driver": "opentelemetry",
        "service": "tempo.tracing:4317",
        "sampling": {"overall": 25},
        "config": {"service_name": "edge"},
    }


def test_zipkin_has_no_configuration_that_envoy_would_not_know() -> None:
    tracing = {"service": "tempo.tracing:9411", "driver": "zipkin"}
    (made,) = tracing_services(flavour="ambassador", tracing=tracing)
    assert "config" not in made["spec"]
    assert made["spec"]["driver"] == "zipkin"


def test_without_tracing_ambassador_has_no_tracing_service() -> None:
    assert tracing_services() == []
    assert tracing_services(adopt={}) == []


def test_an_adopted_ambassador_gets_a_tracing_service_only_on_request() -> None:
    assert len(tracing_services(adopt={}, tracing={"service": "tempo.tracing:4317"})) == 1
