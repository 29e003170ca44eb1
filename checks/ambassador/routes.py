"""Ambassador's own objects: the Module, Listeners, Hosts and Mappings of the stack file.

An object is read in the version that the stack file writes it in, or in another one where that is
not served; what the versions say differently is put right here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from checks.facts.case import ClusterCase
from checks.facts.check import Check, Phase, Reads
from checks.facts.listing import Listing
from checks.facts.results import UPDATE, Finding, failure, ok, skipped, warning
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.ambassador.routes import MappingConfig
from config.core.mesh import MeshConfig
from config.language.problems import some
from config.links.exports import ServiceRef
from kube.answers import inner
from vocabulary.kinds import HOST, LISTENER, MAPPING, MODULE, TLS_CONTEXT, Kind, Object, name_of

LISTENER_VERSION = "v3alpha1"
"""The only version that has Listeners."""


def all_mappings(mesh: MeshConfig, cluster: str) -> tuple[MappingConfig, ...]:
    """Those, and the ones to mirrored Services; the gateway's health route is not among them."""
    if mesh.clusters[cluster].ambassador is None:
        return ()
    return (*mesh.own_mappings(cluster), *mesh.mirror_mappings(cluster))


def destination(service: str, namespace: str) -> tuple[ServiceRef | None, str, int]:
    """The Service of a Mapping in `namespace`, its host name, its port.

    The Service is None for what is no name of one: ``localhost``, an address, a name outside.
    """
    scheme, _, rest = service.rpartition("://")
    host, _, port = rest.lower().partition(":")
    number = int(port) if port.isdigit() else 443 if scheme == "https" else 80
    name, _, more = host.partition(".")
    space, _, domain = more.partition(".")
    if host == "localhost" or _is_address(host) or not (domain in ("", "svc") or ".svc." in host):
        return None, host, number
    return ServiceRef(space or namespace, name), host, number


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def version_of(thing: Object) -> str:
    """The version that an object was read in."""
    return str(thing.get("apiVersion", "")).rpartition("/")[2]


def hostname_of(mapping: Object) -> str | None:
    """The host names that a Mapping is for; None for one that is dropped silently, as it has none.

    Up to v2 a Mapping without a host is for all of them, and a glob may be a regular expression.
    """
    spec = inner(mapping, "spec")
    found = spec.get("hostname") or spec.get("host")
    if found:
        return _glob(str(found)) if spec.get("host_regex") else str(found)
    return None if version_of(mapping) == "v3alpha1" else "*"


def _glob(expression: str) -> str:
    """The glob that the program wrote as this regular expression; others unchanged."""
    glob = re.sub(r"^\.\+\\\.", "*.", expression)
    glob = re.sub(r"\\\.\.\+$", ".*", glob)
    return glob.replace("\\.", ".")


def routes(case: ClusterCase) -> Iterator[Finding]:
    """The Module, and every Listener, Host and Mapping of the stack file."""
    config = case.config.ambassador
    if config is None:
        return
    if config.adopt is None or config.adopt.module != "leave":
        yield _module(case, config)
    mappings = all_mappings(case.mesh, case.name)
    hosts = config.all_hosts
    if config.has_hosts:
        hosted = (HOST, [item.name for item in hosts])
    else:
        # Without Hosts, only those that terminate TLS need something in their place.
        hosted = (TLS_CONTEXT, [item.name for item in hosts if item.tls is not None])
    for kind, names in (
        (LISTENER, [item.name for item in config.all_listeners]),
        hosted,
        (MAPPING, [item.name for item in mappings]),
    ):
        if names:
            yield _all_there(case.view, kind, config.namespace, names)
    if not config.all_listeners and config.installed and config.kind.listeners:
        yield _any_listener(case.view, config.namespace)
    for mapping in mappings:
        yield _as_written(case.view, config.namespace, mapping)
    yield _hostnames(case.view, config.namespace)


def _module(case: ClusterCase, config: AmbassadorConfig) -> Finding:
    title = f"the Module has add_linkerd_headers: {str(config.linkerd_headers).lower()}"
    module = case.view.get(MODULE, config.namespace, "ambassador")
    if module is None:
        missing = f"Module {config.namespace}/ambassador does not exist"
        hint = UPDATE
        if config.adopt is not None and config.adopt.module == "patch":
            hint = f"write {case.ambassador_key}.adopt.module: make, then {UPDATE}"
        place = (MODULE, config.namespace, "ambassador")
        return case.view.missing(title, *place, hint=hint, text=missing)
    found = inner(module, "spec", "config").get("add_linkerd_headers")
    if bool(found) is config.linkerd_headers:
        return ok(title)
    return failure(title, f"it has {str(found).lower()}", UPDATE)


def _all_there(view: View, kind: Kind, namespace: str, names: list[str]) -> Finding:
    title = f"{kind.name}s of the stack file exist"
    missing = [name for name in names if view.get(kind, namespace, name) is None]
    if missing:
        return failure(title, f"missing in {namespace}: {some(missing)}", UPDATE)
    return ok(title, some(names))


def _any_listener(view: View, namespace: str) -> Finding:
    title = "Ambassador has a Listener"
    if view.all(LISTENER, namespace):
        return ok(title)
    hint = "write ambassador.listeners in the stack file, or create one"
    return failure(title, f"none exists in {namespace}, so that no route is served", hint)


def _as_written(view: View, namespace: str, mapping: MappingConfig) -> Finding:
    title = f"Mapping {mapping.name} routes {mapping.prefix} to {mapping.service_host}"
    found = view.get(MAPPING, namespace, mapping.name)
    if found is None:
        return skipped(title, "it does not exist")
    spec = inner(found, "spec")
    wrong = []
    if spec.get("prefix") != mapping.prefix:
        wrong.append(f"its prefix is {spec.get('prefix', 'missing')}, not {mapping.prefix}")
    hostname = hostname_of(found) or "missing"
    if hostname.lower() != mapping.hostname.lower():
        wrong.append(f"its hostname is {hostname}, not {mapping.hostname}")
    service = str(spec.get("service", ""))
    if _place(service, namespace) != _place(mapping.service, namespace):
        wrong.append(f"its Service is {service or 'missing'}, not {mapping.service}")
    return failure(title, "; ".join(wrong), UPDATE) if wrong else ok(title)


def _place(service: str, namespace: str) -> tuple[object, int]:
    """Where requests go, however it is written."""
    ref, host, port = destination(service, namespace)
    return (ref or host), port


def _hostnames(view: View, namespace: str) -> Finding:
    title = "every Mapping has a hostname"
    dropped = [
        name_of(mapping) for mapping in view.all(MAPPING, namespace) if not hostname_of(mapping)
    ]
    if dropped:
        detail = f"Ambassador drops a Mapping without hostname: {some(dropped)}"
        return warning(title, detail, "give each a hostname, '*' for all hosts")
    return ok(title)


def objects(*kinds: Kind) -> Reads:
    """Reads Ambassador's objects of these kinds, in the version that the stack file writes."""

    def reads(mesh: MeshConfig, cluster: str) -> Iterator[Listing]:
        config = mesh.clusters[cluster].ambassador
        if config is not None:
            space, version = config.namespace, config.objects_version
            yield from (Listing(kind, space, version=version) for kind in kinds)

    return reads


_OBJECTS = objects(MODULE, LISTENER, HOST, TLS_CONTEXT, MAPPING)
CHECKS = (Check("ambassador", Phase.PARTS, routes, _OBJECTS, order=13),)
