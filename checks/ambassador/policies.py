"""The Servers and policies that the program makes for ports of Ambassador's pods exist.

Whom they let in is another check's subject (`checks/ambassador/inbound.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.facts.expected import UPDATE
from checks.facts.results import Finding, failure, ok
from checks.facts.view import View, some
from config.ambassador.ambassador import AmbassadorConfig
from vocabulary.kinds import AUTHORIZATION_POLICY, SERVER, Kind


def policies(
    view: View,
    config: AmbassadorConfig,
    title: str,
    authentication: tuple[Kind, str],
    ports: Mapping[str, int | str],
) -> Finding:
    """Whether these exist, each Server for its port.

    `authentication` is the kind and name of what the policies refer to; `ports` has the port of
    the pod (its number or name) for each name of a Server and of its AuthorizationPolicy.

    Raises Unseen: a kind could not be listed.
    """
    space = config.namespace
    wanted = [(kind, name) for name in ports for kind in (SERVER, AUTHORIZATION_POLICY)]
    missing = [
        f"{kind.name} {name}"
        for kind, name in (*wanted, authentication)
        if view.get(kind, space, name) is None
    ]
    if missing:
        return failure(title, f"missing in {space}: {some(missing)}", UPDATE)
    for name, port in ports.items():
        found = ((view.get(SERVER, space, name) or {}).get("spec") or {}).get("port")
        if found != port:
            return failure(title, f"Server {name} is for port {found}, not {port}", UPDATE)
    return ok(title, some(str(port) for port in ports.values()))
