"""`./mesh sweep`: deletes what links left behind."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from cli import screen
from cli.arguments import Stack
from cli.engine import decrypted
from vocabulary.errors import FAILED


def sweep(
    stack: Stack,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> None:
    """List what links and exports that no longer exist left in the clusters, and delete it.

    Mirrored Services, credentials and accounts whose link or export is in neither the stack file
    nor the cluster. Asks before it deletes. Exits with 1 where a cluster could not be read, or
    something stays.
    """
    config = decrypted.load(stack)

    from lifecycle.orphans.find import delete, find

    with screen.err().status(f"reading {', '.join(config.clusters)}"):
        found = find(config)
    for cluster, left in found.left.items():
        for one in left:
            screen.out().print(Text(f"{cluster}: {one}: {one.reason}"))
    if not found.left and not found.unread:
        screen.out().print("nothing is left over")
    kept = [f"{name} was not read: {reason}" for name, reason in found.unread.items()]
    if found.left and (yes or typer.confirm("delete these?")):
        kept += delete(config, found)
        screen.out().print("deleted" if not kept else "deleted, except:")
    elif found.left:
        kept.append("nothing was deleted")
    for line in kept:
        screen.out().print(Text(line))
    if kept:
        raise typer.Exit(FAILED)
