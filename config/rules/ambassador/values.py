"""Values of the chart that would show a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from config.language.model import value_at
from config.language.problems import Problem

if TYPE_CHECKING:
    from config.ambassador.ambassador import AmbassadorConfig


def value_rules(config: AmbassadorConfig) -> Iterator[Problem]:
    """Values of the chart that are secrets."""
    front = "".join(f"{key}." for key in config.kind.emissary_values)
    for path, key in (
        ("licenseKey.value", "edgeStack.licenseKey"),
        (f"{front}agent.cloudConnectToken", "edgeStack.cloudConnectToken"),
    ):
        if value_at(config.values, path):
            yield Problem(
                f"values.{path}",
                "this value is a secret, and everyone who can read the Helm release can read its "
                "values",
                f"leave it out, and set {key} with `pulumi config set --secret --path`"
                if config.kind.licensed
                else "leave it out, and keep it in a Kubernetes Secret",
            )
