"""Every permission that this program gives, as a page for people: ``docs/permissions.md``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.links.permissions import REMOTE_ACCESS, REMOTE_ACCESS_2_8, Permission

PAGE = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"
"""Where the page is kept."""

_HEAD = """\
# Permissions

Every permission that this program itself gives, why, and which program uses it. There is one
account for each link, in the target, so that one source can be cut off without the others.
"""
_RULES = """\

The account writes nothing but events, reads no Secret, and of ConfigMaps only those called
`linkerd-config`. A test asks a real API server about every verb on every kind that it serves.
"""
_TAIL = """\
Nothing else that this program declares has rights of its own. What charts bring (Linkerd's
controllers, Ambassador, cert-manager) has the roles of these charts: `./mesh render <stack>`
writes them to files. The pods of `./mesh verify` have no token of an API server. What the operator
needs is what `./mesh check <stack> --pre` asks the API servers for; with `token: request`, that
includes `create` of `serviceaccounts/token` in namespace `linkerd-multicluster` of the target.

This page is generated: `.venv/bin/python -m components.permissions_page` writes it.
"""
_ACCOUNT = "`linkerd-service-mirror-remote-access-<source>`"
_OBJECTS = (
    ("object", "name", "what for"),
    ("ServiceAccount", _ACCOUNT, "the source logs in to the target's API server as this"),
    ("ClusterRole", _ACCOUNT, "the rules below, and no other"),
    ("ClusterRoleBinding", _ACCOUNT, "gives the role to the account, and to no other"),
    (
        "Secret",
        "`linkerd-service-mirror-remote-access-<source>-token`",
        "the account's token; with `token: request`, what its token is bound to "
        "([credentials.md](credentials.md))",
    ),
)
_COLUMNS = ("API group", "resources", "verbs", "used by", "what for")


def page_text() -> str:
    """The page as Markdown."""
    parts = [_HEAD, _table(_OBJECTS), _RULES]
    for title, permissions in (
        ("Rules", REMOTE_ACCESS),
        ("Rules for Linkerd 2.8", REMOTE_ACCESS_2_8),
    ):
        parts += [f"## {title}\n", _table([_COLUMNS, *map(_row, permissions)]) + "\n"]
    return "\n".join([*parts, _TAIL])


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *others])


def _row(one: Permission) -> tuple[str, ...]:
    only = f" (only `{'`, `'.join(one.names)}`)" if one.names else ""
    resources = ", ".join(f"`{kind.plural}`" for kind in one.kinds)
    group = one.kinds[0].group
    return (
        f"`{group}`" if group else "core",
        resources + only,
        ", ".join(one.verbs),
        one.reader,
        one.reason,
    )


if __name__ == "__main__":
    PAGE.write_text(page_text(), encoding="utf-8")
