"""Questions about Services that are exported by the stack file or by labels. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checks.facts.view import Unseen, View
from checks.links.gateways import mirrored
from config.inventory.admission import admission, any_of
from config.links.exports import ServiceRef
from config.links.link import Export
from verify import judge
from verify.questions import headless
from verify.questions.link import LinkHeading
from verify.questions.plan import PREFIX
from verify.questions.routes import exported_route
from vocabulary.kinds import SERVICE, annotations_of, name_of, namespace_of
from vocabulary.linkerd import REMOTE_SERVICE_NAME


def exports(link: LinkHeading) -> None:
    """Ask every TCP port of every mirror, and every Mapping of an export."""
    draft, config = link.draft, link.link
    target = draft.views[config.target]
    admitted = _admitted(link)
    gateway = draft.mesh.gateway_of(config)
    identity = gateway.identity if gateway is not None else None
    named: set[tuple[str, str]] = set()
    for export in config.exports:
        mode, space, ports = config.mode_of(export), export.namespace, _ports(target, export)
        through = identity if mode == "gateway" else None
        if mode != "none":
            named.add((space, config.mirror_of(export)))
            original = draft.host(config.target, export.service, space)
            mirror = config.mirror_of(export)
            refused = through is not None and not admitted(export)
            _export(
                link, space, mirror, ports, identity=through, original=original, refused=refused
            )
        if export.federated:
            # Any of its members may answer, so that there is no answer to compare with.
            _export(link, space, f"{export.service}-federated", ports, identity=through)
        if headless.names_pods(config, export) and admitted(export):
            for pod in _named_pods(link, export, identity):
                named.add((space, f"{pod}-{config.target}"))
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
            _export(link, *where, ports, original=annotations_of(service).get(REMOTE_SERVICE_NAME))


def _admitted(link: LinkHeading) -> Callable[[Export], bool]:
    """Whether the target's gateway admits the client of the run to an export."""
    mesh, client = link.draft.mesh, link.draft.identity_of(*link.client)
    gateway = mesh.gateway_of(link.link)
    found = admission(mesh, gateway) if gateway is not None else None
    known = {one.service: one for one in found.exports} if found is not None else {}

    def admits(export: Export) -> bool:
        one = known.get(ServiceRef(export.namespace, export.service))
        open_to_all = found is None or found.everything or any_of(found.to_every_service, client)
        return open_to_all or (one is not None and any_of(one.clients, client))

    return admits


def _named_pods(link: LinkHeading, export: Export, identity: str | None) -> list[str]:
    """Ask each pod of an exported headless Service by its name; the pods' hostnames."""
    target, mirror = link.link.target, link.link.mirror_of(export)
    view = link.draft.views[target]
    try:
        names = headless.hostnames(view, export)
    except Unseen as unseen:
        title = f"each pod of {export.namespace}/{mirror} answers by its name"
        link.skip("exports", title, str(unseen))
        return []
    for name in names:
        original = link.draft.host(target, f"{name}.{export.service}", export.namespace)
        ports, space = _ports(view, export), export.namespace
        _export(link, space, f"{name}.{mirror}", ports, identity=identity, original=original)
    return names


def _export(
    link: LinkHeading,
    namespace: str,
    name: str,
    ports: Sequence[int],
    *,
    identity: str | None = None,
    original: str | None = None,
    refused: bool = False,
) -> None:
    """Ask ports of a mirror, and the same ports of the host `original` within the target.

    Where they speak no HTTP, mTLS to the gateway of `identity` must be opened. `refused` is
    whether the client is none that the stack file names for the export.
    """
    host = link.host(name, namespace)
    if not ports:
        link.skip(
            "exports",
            f"Service {namespace}/{name} answers",
            "the Service does not exist in the target, or has no port for TCP",
        )
    for port in ports:
        task = f"export/{namespace}/{name}/{port}"
        fields = {"host": host, "port": port, "patience": 10.0, "server_id": identity}
        source = link.do("client", task, "export", **fields)
        if refused:
            title = f"{host}:{port} refuses a client that the export does not name"
            link.expect(source, "refused", title, judge.ExportRefused())
            continue
        beside = None
        if original is not None:
            direct, url = f"{link.name}/{task}/direct", f"http://{original}:{port}/"
            beside = link.draft.do(link.link.target, "client", direct, "get", timeout=5.0, url=url)
        expects = judge.ExportAnswered()
        link.expect(source, "exports", f"{host}:{port} answers", expects, beside=beside)
        link.keep_asking(source, f"http://{host}:{port}/", export=True)


def _ports(target: View, export: Export) -> list[int]:
    """Ports for TCP of an exported Service."""
    try:
        service = target.get(SERVICE, export.namespace, export.service)
    except Unseen:
        return [export.port]
    ports = ((service or {}).get("spec") or {}).get("ports") or []
    return [int(port["port"]) for port in ports if port.get("protocol", "TCP") == "TCP"]
