"""Ports of Services, and the ports of pods that they forward to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from contracts.contract import Complaint, Contract, Fits, Form, Subject
from contracts.forms.text import at, port

PROXY_INBOUND = 4143
PROXY_ADMIN = 4191
AMBASSADOR_HTTP = 8080
AMBASSADOR_HTTPS = 8443


def leads_to(*targets: int | str) -> Fits:
    """A port of a Service, with a number of its own, whose targetPort is one of these."""

    def fits(value: object) -> Complaint | None:
        complaint = port(at(value, "port"))
        if complaint:
            return Complaint(f"port {complaint.reason}")
        target = at(value, "targetPort")
        if target is None:
            return Complaint("has no targetPort, and charts make a container port 0 of that")
        if target not in targets or isinstance(target, bool):
            return Complaint(f"has targetPort {target!r}, and its reader listens on {targets}")
        return None

    return fits


def gateway_service(value: object) -> Complaint | None:
    """A gateway's Service: ports mc-gateway and mc-probe, each once and with its own number."""
    listed = at(value, "ports")
    ports = (
        [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    )
    names = [item.get("name") for item in ports]
    for name in ("mc-gateway", "mc-probe"):
        if names.count(name) != 1:
            return Complaint(f"has {names.count(name)} ports of the name {name}")
    numbers = [item.get("port") for item in ports]
    if len(set(numbers)) != len(numbers):
        return Complaint("has a port twice")
    return None


def _port(name: str, number: int, target: int | str | None) -> dict[str, object]:
    found: dict[str, object] = {"name": name, "port": number}
    return found if target is None else {**found, "targetPort": target}


_LINK_GEN = "linkerd2 multicluster/cmd/link-gen.go, extractPort @ edge-26.8.3"

_service = partial(Contract, subject=Subject.PORT)

# fmt: off
PORTS: tuple[Contract, ...] = (
    _service("Service", "mc-gateway",
        Form("a port with targetPort 4143, the inbound port of the gateway pod's proxy",
            leads_to(PROXY_INBOUND),
            (_port("mc-gateway", 4143, 4143), _port("mc-gateway", 443, 4143)),
            (_port("mc-gateway", 4143, 8080), _port("mc-gateway", 4143, 4183),
                _port("mc-gateway", 4143, None), _port("mc-gateway", 0, 4143))),
        "linkerd multicluster link-gen by its name, proxies of other clusters by its number",
        producer="config/links/gateway_view.py",
        source=f"{_LINK_GEN}; linkerd2 pkg/k8s/labels.go, GatewayPortName"),
    _service("Service", "mc-probe",
        Form("a port with targetPort 4191 (the proxy's /ready) or 8080 (Ambassador's route)",
            leads_to(PROXY_ADMIN, AMBASSADOR_HTTP, AMBASSADOR_HTTPS),
            (_port("mc-probe", 4191, 4191), _port("mc-probe", 80, 8080)),
            (_port("mc-probe", 4191, 8877), _port("mc-probe", 4191, None),
                _port("mc-probe", 70000, 4191))),
        "linkerd multicluster link-gen by its name, the prober by its number",
        producer="config/links/gateway_view.py",
        source=f"{_LINK_GEN}; linkerd2 pkg/k8s/labels.go, ProbePortName"),
    _service("Service", "http https",
        Form("a port with targetPort 8080 or 8443, on which Ambassador listens, or http-api",
            leads_to(AMBASSADOR_HTTP, AMBASSADOR_HTTPS, "http-api"),
            (_port("http", 80, 8080), _port("https", 443, 8443), _port("http", 80, "http-api")),
            (_port("http", 80, 80), _port("https", 443, 443), _port("http", 80, None))),
        "clients, by the Listeners of Ambassador or by the sample's container port",
        producer="components/ambassador/values.py, components/platform/sample_service.py",
        source=(
            "emissary-ingress chart, values.yaml, service.ports @ v4.1.0 and v3.10.0; ambassador "
            "chart 6.9.5"
        )),
    Contract("gateway Service", "ports",
        Form("ports mc-gateway and mc-probe, each once, and no number twice", gateway_service,
            ({"ports": [_port("mc-gateway", 4143, 4143), _port("mc-probe", 4191, 4191)]},
                {"ports": [_port("https", 443, 8443), _port("mc-gateway", 4143, 4143),
                    _port("mc-probe", 80, 8080)]}),
            ({"ports": []}, {"ports": [_port("mc-gateway", 4143, 4143)]},
                {"ports": [_port("mc-gateway", 4143, 4143), _port("mc-probe", 4143, 4191)]})),
        "linkerd multicluster link-gen; the service mirror of Linkerd 2.8", subject=Subject.OBJECT,
        producer="config/links/gateway_view.py",
        source=_LINK_GEN),
)
# fmt: on
"""Rows about ports."""
