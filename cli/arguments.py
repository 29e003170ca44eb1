"""Arguments that several verbs have."""

from __future__ import annotations

from typing import Annotated

import typer

Stack = Annotated[
    str,
    typer.Argument(
        metavar="STACK|FILE",
        help="Name of a stack (NAME of stacks/Pulumi.NAME.yaml), or path of a stack file.",
        show_default=False,
    ),
]
