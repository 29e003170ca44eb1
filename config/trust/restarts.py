"""Who restarts the workloads whose proxies have older trust anchors, and how.

Facts: Linkerd docs, "Manually rotating control plane TLS credentials": a proxy reads the anchors
once, so every meshed workload is restarted whenever they change.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from config.language.model import Model
from config.language.problems import quoted, wrong

KINDS = ("deployment", "daemonset", "statefulset", "replicaset")
"""Kinds whose pods can be replaced, as kubectl writes them."""
_NAME = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_PLACE = re.compile(f"{_NAME}(/({'|'.join(KINDS)})/{_NAME})?")


def _place(value: str) -> str:
    if _PLACE.fullmatch(value) is None:
        raise wrong(
            f"{quoted(value)} names neither a namespace nor a workload",
            "write shop for all workloads of the namespace shop, or shop/deployment/web for one "
            f"(kinds: {', '.join(KINDS)})",
        )
    return value


Place = Annotated[
    str,
    AfterValidator(_place),
    WithJsonSchema({"type": "string", "pattern": f"^{_PLACE.pattern}$", "examples": ["shop"]}),
]
"""A namespace, or a workload as NAMESPACE/KIND/NAME."""


class Restarts(Model):
    """Who restarts the workloads whose proxies have older trust anchors, and how."""

    by: Literal["user", "rotate"] = "user"
    """`rotate`: `./mesh rotate --restart` does; `user`: it prints the commands. Nothing restarts by
    itself."""
    batch: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    """Workloads of a cluster that restart at the same time, as far as PodDisruptionBudgets permit
    it."""
    excluded: tuple[Place, ...] = ()
    """Namespaces, or workloads as NAMESPACE/KIND/NAME, that are left to the user, in each
    cluster."""

    def leaves(self, namespace: str, kind: str, name: str) -> bool:
        """Whether a workload is left to the user."""
        return namespace in self.excluded or f"{namespace}/{kind}/{name}" in self.excluded
