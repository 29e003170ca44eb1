"""Free fields of Listeners, Hosts, Mappings and the TracingService: what their CRDs accept.

A field that the program derives has a key of its own, which other parts of the stack file follow
from; `spec` may not have it. Any other field that has a key may be written in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from config.ambassador.listeners import Listener
from config.ambassador.route_settings import RouteSettings
from config.ambassador.routes import HostConfig
from config.language.problems import Problem, join
from config.variants.crds import faults
from vocabulary.kinds import HOST, LISTENER, MAPPING, TRACING_SERVICE

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig

Keys = Mapping[str, str]
"""Keys of the stack file by paths of fields."""

_ID = {"ambassador_id": "ambassadorId of this Ambassador"}
_LISTENER = {**_ID, "port": "port", "protocol": "protocol", "protocolStack": "protocolStack"}
_HOST = {
    **_ID,
    "ambassadorId": _ID["ambassador_id"],
    "hostname": "hostname",
    "requestPolicy.insecure.action": "insecure",
    "tlsSecret": "tls.secret",
    "acmeProvider.authority": "acme.authority",
    "acmeProvider.email": "acme.email",
}
_MAPPING = {
    **_ID,
    "prefix": "prefix",
    "hostname": "hostname",
    "host": "hostname",
    "host_regex": "hostname",
    "service": "service",
    "add_linkerd_headers": "linkerdHeaders",
    "remove_request_headers": "removeRequestHeaders",
}
OF_A_MIRROR = {**_MAPPING, "service": ""}
"""Of a route to a mirror, which is the Service of the route."""
_TRACING = {
    **_ID,
    "service": "service",
    "driver": "driver",
    "sampling.overall": "sampling",
    "config.service_name": "serviceName",
}


def spec_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Free fields of what the stack file lists for this Ambassador."""
    for place, listener in enumerate(config.listeners or ()):
        for problem in _listener(config, listener):
            yield problem.below(f"listeners[{place}]")
    for place, host in enumerate(config.hosts or ()):
        for problem in _host(config, host):
            yield problem.below(f"hosts[{place}]")
    for place, mapping in enumerate(config.mappings):
        for problem in mapping_spec(config, mapping):
            yield problem.below(f"mappings[{place}]")
    if config.tracing is not None:
        spec, version = config.tracing.spec, config.objects_version
        for problem in _spec(config, (version, TRACING_SERVICE.name), spec, _TRACING, {}):
            yield problem.below("tracing")


def mapping_spec(
    config: AmbassadorConfig, mapping: RouteSettings, derived: Keys = _MAPPING
) -> Iterator[Problem]:
    """Free fields of a Mapping that this Ambassador reads; paths begin at the route."""
    ours = {
        "rewrite": ("rewrite", mapping.rewrite),
        "regex_rewrite": ("rewrite", mapping.rewrite),
        "grpc": ("grpc", mapping.grpc),
        "allow_upgrade": ("allowUpgrade", mapping.allow_upgrade or None),
        "timeout_ms": ("timeoutMs", mapping.timeout_ms),
        "idle_timeout_ms": ("idleTimeoutMs", mapping.idle_timeout_ms),
        "retry_policy": ("retryPolicy", mapping.retry_policy),
        "circuit_breakers": ("circuitBreakers", mapping.circuit_breakers or None),
        "bypass_auth": ("bypassAuth", mapping.bypass_auth),
    }
    yield from _spec(config, (config.objects_version, MAPPING.name), mapping.spec, derived, ours)


def _listener(config: AmbassadorConfig, listener: Listener) -> Iterator[Problem]:
    model = listener.security_model if "security_model" in listener.model_fields_set else None
    ours = {
        "l7Depth": ("l7Depth", listener.l7_depth),
        "securityModel": ("securityModel", model),
    }
    yield from _spec(config, ("v3alpha1", LISTENER.name), listener.spec, _LISTENER, ours)


def _host(config: AmbassadorConfig, host: HostConfig) -> Iterator[Problem]:
    version = config.objects_version
    if version == "v1" and config.has_hosts:
        version = "v2"
    tls = host.tls
    ours = {
        f"tls.{field}": (f"tls.{key}", value)
        for field, key, value in (
            ("min_tls_version", "minVersion", tls and tls.min_version),
            ("max_tls_version", "maxVersion", tls and tls.max_version),
            ("alpn_protocols", "alpnProtocols", (tls and tls.alpn_protocols) or None),
            ("cipher_suites", "cipherSuites", (tls and tls.cipher_suites) or None),
        )
    }
    yield from _spec(config, (version, HOST.name), host.spec, _HOST, ours)
    if tls is not None and tls.namespace is not None and version != "v1":
        wanted = {"tlsSecret": {"namespace": tls.namespace}}
        for problem in faults(config.line.fields, version, HOST.name, wanted):
            yield Problem(
                "tls.namespace",
                problem.message,
                "leave it out, and copy the Secret into Ambassador's namespace",
                about=("tls.secret",),
            )


def _spec(
    config: AmbassadorConfig,
    of: tuple[str, str],
    spec: Mapping[str, Any],
    derived: Keys,
    ours: Mapping[str, tuple[str, Any]],
) -> Iterator[Problem]:
    """`of` is version and kind; `derived` are fields that `spec` may not have.

    `ours` are fields with a key of their own: that key, and its value or None.
    """
    if not spec:
        return
    taken = set()
    for path in _paths(spec):
        key = derived.get(path)
        if key is not None:
            taken.add(path)
            yield Problem(
                f"spec.{path}",
                "the program writes this field, and other objects follow from it",
                f"leave it out, and write {key}" if key else "leave it out",
            )
            continue
        other, value = ours.get(path, ("", None))
        if value is not None:
            taken.add(path)
            yield Problem(
                f"spec.{path}",
                f"{other} already sets this field",
                f"leave it or {other} out",
                about=(other,),
            )
    for problem in faults(config.line.fields, *of, dict(spec)):
        if not any(problem.path == path or problem.path.startswith(f"{path}.") for path in taken):
            yield Problem(
                join("spec", problem.path),
                problem.message,
                problem.remedy,
            )


def _paths(spec: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in spec.items():
        path = f"{above}{name}"
        yield path
        if isinstance(value, Mapping):
            yield from _paths(value, f"{path}.")
