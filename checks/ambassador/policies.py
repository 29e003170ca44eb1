"""The Servers and policies that the program makes for ports of Ambassador's pods exist.

Whom they let in is another check's subject (`checks/ambassador/inbound.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks.facts.results import UPDATE, Finding, failure, ok
from checks.facts.view import View
from config.ambassador.ambassador import AmbassadorConfig
from config.language.problems import some
from kube.answers import inner
from vocabulary.kinds import SERVER, Kind


def policies(
    view: View,
    config: AmbassadorConfig,
    title: str,
    wanted: Iterable[tuple[Kind, str]],
    ports: Mapping[str, int | str],
) -> Finding:
    """Whether the `wanted` objects exist, by kind and name, each Server for its port.

    `ports` has the port of the pod (its number or name) for each name of a Server.

    Raises Unseen: a kind could not be listed.
    """
    space = config.namespace
    missing = [
        f"{kind.name} {name}" for kind, name in wanted if view.get(kind, space, name) is None
    ]
    if missing:
        return failure(title, f"missing in {space}: {some(missing)}", UPDATE)
    for name, port in ports.items():
        found = inner(view.get(SERVER, space, name), "spec").get("port")
        if found != port:
            return failure(title, f"Server {name} is for port {found}, not {port}", UPDATE)
    return ok(title, some(str(port) for port in ports.values()))
