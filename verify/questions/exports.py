"""Questions about Services that are exported by the stack file or by labels. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from checks.facts.view import Unseen, View
from checks.links.gateways import mirrored
from config.core.mesh import gateway_identity
from config.links.link import Export
from verify import judge
from verify.questions.link import LinkHeading
from verify.questions.plan import PREFIX
from verify.questions.routes import exported_route
from vocabulary.kinds import SERVICE, name_of, namespace_of


def exports(link: LinkHeading) -> None:
    """Ask every TCP port of every mirror, and every Mapping of an export."""
    draft, config = link.draft, link.link
    target = draft.views[config.target]
    identity = gateway_identity(config.target, draft.mesh.clusters[config.target])
    named: set[tuple[str, str]] = set()
    for export in config.exports:
        mode = config.mode_of(export)
        names = []
        if mode != "none":
            names.append(config.mirror_of(export))
            named.add((export.namespace, config.mirror_of(export)))
        if export.federated:
            names.append(f"{export.service}-federated")
        through = identity if mode == "gateway" else None
        for name in names:
            _export(link, export.namespace, name, _ports(target, export), through)
        if export.mapping is not None:
            exported_route(link, export, export.mapping)
    try:
        others = mirrored(draft.views[config.source], config.target)
    except Unseen:
        return
    for service in others:
        where = namespace_of(service), name_of(service)
        if where not in named and not where[0].startswith(PREFIX):
            ports = [int(p["port"]) for p in (service.get("spec") or {}).get("ports") or []]
            _export(link, *where, ports, None)


def _export(
    link: LinkHeading, namespace: str, name: str, ports: Iterable[int], identity: str | None
) -> None:
    """Ask ports of a mirror; by mTLS to the gateway of `identity` where they speak no HTTP."""
    host = link.host(name, namespace)
    listed = list(ports)
    if not listed:
        link.skip(
            "exports",
            f"Service {namespace}/{name} answers",
            "the Service does not exist in the target, or has no port for TCP",
        )
    for port in listed:
        source = link.do(
            "client",
            f"export/{namespace}/{name}/{port}",
            "export",
            host=host,
            port=port,
            patience=10.0,
            server_id=identity,
        )
        link.expect(source, "exports", f"{host}:{port} answers", judge.ExportAnswered())
        link.keep_asking(source, f"http://{host}:{port}/", export=True)


def _ports(target: View, export: Export) -> list[int]:
    """Ports for TCP of an exported Service."""
    try:
        service = target.get(SERVICE, export.namespace, export.service)
    except Unseen:
        return [export.port]
    ports = ((service or {}).get("spec") or {}).get("ports") or []
    return [int(port["port"]) for port in ports if port.get("protocol", "TCP") == "TCP"]
