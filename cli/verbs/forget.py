"""`./mesh forget`: Pulumi's state without a cluster that is gone for good."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli import screen
from cli.errors import VerbError
from vocabulary.errors import BAD_INPUT


def forget(
    cluster: Annotated[str, typer.Argument(metavar="CLUSTER", help="Its name in the stack.")],
) -> None:
    """Read a state that `pulumi stack export` wrote, and print it without a cluster.

    For a cluster that is gone for good: nothing is deleted anywhere. `pulumi stack import` reads
    what it prints.
    """
    from lifecycle.orphans.forget import without

    try:
        state = json.load(sys.stdin)
    except ValueError:
        raise VerbError(
            "standard input is no exported state",
            f"run `pulumi stack export --stack STACK | ./mesh forget {cluster}`",
            BAD_INPUT,
        ) from None
    rest, gone = without(state, cluster)
    if not gone:
        raise VerbError(
            f"the state has nothing of a cluster '{cluster}'",
            "write the name that the cluster had in the stack file",
            BAD_INPUT,
        )
    json.dump(rest, sys.stdout)
    screen.note(f"{len(gone)} resources of '{cluster}' are left out of the state that is printed")
