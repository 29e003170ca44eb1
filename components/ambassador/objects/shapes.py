"""Shapes that objects of several API versions share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.ambassador.objects.routing import Routing
from config.ambassador.adoption import MANAGED_BY
from config.ambassador.routes import HostConfig, HostTls, MappingConfig
from config.inventory.values.merging import merged
from config.variants.ambassadors import ApiVersion
from vocabulary.ambassador import GROUP, MODULE_NAME, TRACING_NAME
from vocabulary.kinds import HOST, LISTENER, MODULE, TRACING_SERVICE

Manifest = dict[str, Any]


def manifest(
    version: ApiVersion, kind: str, name: str, namespace: str, spec: dict[str, Any]
) -> Manifest:
    """An object of getambassador.io."""
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def listeners(routing: Routing) -> Iterator[Manifest]:
    """The Listeners, which only v3alpha1 has."""
    for listener in routing.listeners:
        spec = {
            "port": listener.port,
            **listener.stack,
            "securityModel": listener.security_model,
            "hostBinding": {"namespace": {"from": "ALL"}},
        }
        if listener.l7_depth is not None:
            spec["l7Depth"] = listener.l7_depth
        spec = merged(spec, listener.spec)
        yield manifest("v3alpha1", LISTENER.name, listener.name, routing.namespace, spec)


def module(version: ApiVersion, routing: Routing) -> Iterator[Manifest]:
    """The Module ``ambassador``, where the program makes it."""
    if routing.module is not None:
        spec = {"config": dict(routing.module)}
        made = manifest(version, MODULE.name, MODULE_NAME, routing.namespace, spec)
        # The guard knows the program's Module by it from one of the Ambassador's owner.
        made["metadata"]["labels"] = dict(MANAGED_BY)
        yield made


def tracing(version: ApiVersion, routing: Routing) -> Iterator[Manifest]:
    """The TracingService, the same in every version; Ambassador reads only one."""
    config = routing.tracing
    if config is None:
        return
    spec: dict[str, Any] = {
        "driver": config.driver,
        "service": config.service,
        # The limit of all ways to trace a request.
        "sampling": {"overall": config.sampling},
    }
    if config.driver == "opentelemetry":
        # Envoy would get any other key of it, and refuse all of it.
        spec["config"] = {"service_name": config.service_name or "ambassador"}
    spec = merged(spec, config.spec)
    yield manifest(version, TRACING_SERVICE.name, TRACING_NAME, routing.namespace, spec)


def hosts(version: ApiVersion, routing: Routing) -> Iterator[Manifest]:
    """The Hosts, the same in v2 and v3alpha1."""
    for host in routing.hosts:
        yield manifest(version, HOST.name, host.name, routing.namespace, _host(host))


def _host(host: HostConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "hostname": host.hostname,
        "requestPolicy": {"insecure": {"action": host.insecure}},
        # Without it, an Edge Stack would ask Let's Encrypt for a certificate.
        "acmeProvider": {"authority": "none"},
    }
    if host.acme is not None:
        spec["acmeProvider"] = {"authority": host.acme.authority, "email": host.acme.email}
    if host.tls is not None:
        space = host.tls.namespace
        spec["tlsSecret"] = {"name": host.tls_secret, **({"namespace": space} if space else {})}
        if host.tls.has_settings:
            spec["tls"] = tls_settings(host.tls)
    return merged(spec, host.spec)


def tls_settings(tls: HostTls) -> dict[str, Any]:
    """The settings of a TLSContext, which a Host may have as well."""
    spec: dict[str, Any] = {}
    if tls.min_version is not None:
        spec["min_tls_version"] = tls.min_version
    if tls.max_version is not None:
        spec["max_tls_version"] = tls.max_version
    if tls.alpn_protocols:
        spec["alpn_protocols"] = ",".join(tls.alpn_protocols)
    if tls.cipher_suites:
        spec["cipher_suites"] = list(tls.cipher_suites)
    return spec


def mapping_spec(mapping: MappingConfig, host: dict[str, Any]) -> dict[str, Any]:
    """The spec of a Mapping; `host` is the host name in the fields of its API version."""
    own = {**host, "prefix": mapping.prefix, "service": mapping.service, **mapping.fields}
    return merged(own, mapping.spec)


def older_host(mapping: MappingConfig, routing: Routing) -> dict[str, Any]:
    """The host name in the fields of v1 and v2: none for every name.

    A glob is a regular expression where Ambassador reads these versions itself: 1.14 compares
    ``host`` literally.
    """
    name = mapping.hostname
    if name == "*":
        return {}
    if routing.converted or not (name.startswith("*.") or name.endswith(".*")):
        return {"host": name}
    parts = name.removeprefix("*.").removesuffix(".*").replace(".", r"\.")
    front = r".+\." if name.startswith("*.") else ""
    back = r"\..+" if name.endswith(".*") else ""
    return {"host": f"{front}{parts}{back}", "host_regex": True}
