"""Workloads and namespaces that somebody else installed and that are to be meshed.

A recipe knows what a well-known product needs; without one, an entry names a workload itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from config.language.formats import Annotations, DnsLabel, DnsName, Line
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.platform.recipes import RECIPES, Patch
from vocabulary.linkerd import INJECT, PROXY_ADMIN_SHUTDOWN

Kind = Literal["Namespace", "Deployment", "DaemonSet", "StatefulSet", "CronJob", "Kibana"]


def _recipe(value: str) -> str:
    if value not in RECIPES:
        raise wrong(
            f"{quoted(value)} is no recipe that is known here",
            f"write one of {', '.join(RECIPES)}, or describe the workload by kind and name",
        )
    return value


RecipeName = Annotated[
    str, AfterValidator(_recipe), WithJsonSchema({"type": "string", "enum": list(RECIPES)})
]


class MeshedConfig(Model):
    """One thing to be meshed: by a recipe, or by naming it. It is patched once it is there."""

    recipe: RecipeName | None = None
    """A product that is known."""
    kind: Kind | None = None
    """Kind of a workload; a Namespace meshes every pod that is made in it from then on, and the
    pods of a Kibana (of ECK) are given the token of their ServiceAccount as well."""
    namespace: DnsLabel | None = None
    """Namespace of the workload, or where the recipe's product is installed otherwise than in its
    usual one."""
    name: DnsName | None = None
    """Name of the workload or of the Namespace."""
    annotations: Annotations = {}
    """Annotations beside ``linkerd.io/inject: enabled``; they win over it."""
    container: DnsLabel | None = None
    """Container that gets `env`."""
    env: dict[str, Line] = {}
    """Environment variables of that container, for servers that listen on the pod's address
    alone, where the proxy does not reach them."""

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What is patched, in order."""
        if self.recipe is not None:
            return RECIPES[self.recipe].at(self.namespace)
        return (
            Patch(
                kind=str(self.kind),
                namespace=self.namespace or "",
                name=str(self.name),
                annotations={INJECT: "enabled", **self.annotations},
                container=self.container,
                env=dict(self.env),
            ),
        )

    def inconsistencies(self) -> Iterator[Problem]:
        """Entries that name too little or too much."""
        given = self.model_fields_set
        if self.recipe is not None:
            for key in ("kind", "name", "annotations", "container", "env"):
                if key in given:
                    yield Problem(
                        key,
                        f"the recipe {self.recipe} says this itself",
                        f"leave {key} out, or leave recipe out and describe the workload",
                        about=("recipe",),
                    )
            return
        if self.kind is None or self.name is None:
            yield Problem(
                "",
                "neither a recipe nor a workload is named",
                "write recipe, or kind and name",
                about=("kind", "name"),
            )
            return
        if (self.kind == "Namespace") == (self.namespace is not None):
            yield Problem(
                "namespace",
                "a Namespace lies in none" if self.namespace else f"a {self.kind} lies in one",
                "leave namespace out" if self.namespace else "write its namespace",
                about=("kind",),
            )
        if bool(self.env) != (self.container is not None):
            yield Problem(
                "container" if self.env else "env",
                "env needs the container that gets it, and container the env",
                "write both, or neither",
                about=("env", "container"),
            )
        if self.env and self.kind in ("Namespace", "Kibana"):
            reason = (
                "a Namespace has no containers"
                if self.kind == "Namespace"
                else "a patch of one container of a Kibana would replace them all"
            )
            yield Problem("env", reason, "leave env and container out", about=("kind",))


class JobConfig(Model):
    """A CronJob of a meshed namespace whose pods must not wait for the proxy for ever.

    Where proxies are native sidecars, which they are by default since 2026.5.2 (edge-26.5.2), they
    end with the Job, and none of this is needed. A Job cannot be patched: its template never
    changes.
    """

    namespace: DnsLabel
    """Its namespace."""
    name: DnsName
    """Its name."""
    treatment: Literal["opt-out", "await"] = "opt-out"
    """``opt-out`` keeps the proxy away; ``await`` wraps the command in ``linkerd-await``, which the
    image has to hold, and which ends the proxy with it."""
    container: DnsLabel | None = None
    """Container whose command is wrapped."""
    command: tuple[Line, ...] = ()
    """Its command, as it is without the wrapper."""

    @property
    def patch(self) -> Patch:
        """What is patched. The proxy's endpoint that ends it is off since edge-24.6.2."""
        if self.treatment == "opt-out":
            return Patch("CronJob", self.namespace, self.name, {INJECT: "disabled"})
        return Patch(
            kind="CronJob",
            namespace=self.namespace,
            name=self.name,
            annotations={PROXY_ADMIN_SHUTDOWN: "enabled"},
            container=self.container,
            command=("linkerd-await", "--shutdown", "--", *self.command),
        )

    def inconsistencies(self) -> Iterator[Problem]:
        """A wrapper around nothing."""
        wrapped = self.treatment == "await"
        if wrapped and (self.container is None or not self.command):
            yield Problem(
                "command" if self.container else "container",
                "linkerd-await is put before a command, which the patch has to hold whole",
                "write container and command, or treatment: opt-out",
                about=("treatment",),
            )
        if not wrapped and (self.container is not None or self.command):
            yield Problem(
                "container" if self.container else "command",
                "nothing is wrapped with treatment: opt-out",
                "leave container and command out, or write treatment: await",
                about=("treatment",),
            )
