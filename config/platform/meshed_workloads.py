"""Workloads and namespaces of other owners to mesh.

A recipe has what a well-known product needs; without a recipe, an entry names a workload.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from config.language.formats import Annotations, DnsLabel, DnsName, Labels, Line, Port
from config.language.model import Model
from config.language.problems import Problem, quoted, wrong
from config.platform.policy import ANY_NETWORK, Clients, OpenPort
from config.platform.recipes import RECIPES, Patch
from vocabulary.linkerd import INJECT, PROXY_ADMIN_SHUTDOWN

ANYONE = Clients("anyone", ANY_NETWORK)

Kind = Literal["Namespace", "Deployment", "DaemonSet", "StatefulSet", "CronJob", "Kibana"]


def _recipe(value: str) -> str:
    if value not in RECIPES:
        raise wrong(
            f"unknown recipe {quoted(value)}",
            f"write one of {', '.join(RECIPES)}, or describe the workload by kind and name",
        )
    return value


RecipeName = Annotated[
    str, AfterValidator(_recipe), WithJsonSchema({"type": "string", "enum": list(RECIPES)})
]


class MeshedConfig(Model):
    """A product to mesh by a recipe, or a workload. It is patched once it exists."""

    recipe: RecipeName | None = None
    """A known product."""
    kind: Kind | None = None
    """Kind of a workload; a Namespace meshes every pod that is created in it from then on, and the
    pods of a Kibana (of ECK) also get the token of their ServiceAccount."""
    namespace: DnsLabel | None = None
    """Namespace of the workload; with a recipe, the product's namespace if it is not the usual
    one."""
    name: DnsName | None = None
    """Name of the workload or of the Namespace."""
    annotations: Annotations = {}
    """Annotations besides ``linkerd.io/inject: enabled``, which they override."""
    container: DnsLabel | None = None
    """Container that gets `env`."""
    env: dict[str, Line] = {}
    """Environment variables of that container, for servers that listen only on the pod's address,
    where the proxy does not reach them."""

    public_ports: tuple[Port, ...] | None = None
    """Ports of its pods to which any client may connect, whatever Linkerd's inbound policy is, as
    those of an ingress controller, or those that the API server calls; with a recipe, by default
    those of the product."""
    pod_labels: Labels = {}
    """Labels that select the pods with `publicPorts`; with a recipe, by default those of the
    product's chart."""

    def open_ports(self, networks: tuple[str, ...]) -> Iterator[OpenPort]:
        """Ports that its clients without a proxy call, in a cluster of these networks."""
        known = RECIPES[self.recipe].called if self.recipe is not None else ()
        space = self.patches[0].ref.pods_in
        if self.public_ports is not None:
            name = known[0].name if known else self.recipe or str(self.name)
            labels = self.pod_labels or (known[0].labels if known else {})
            for port in sorted(set(self.public_ports)):
                yield _open(space, name, port, labels, ANYONE)
            return
        for called in known:
            by = ANYONE if called.by == "anyone" else Clients("cluster", networks)
            for name in called.ports:
                yield _open(space, called.name, name, self.pod_labels or called.labels, by)

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
        """Missing and superfluous keys."""
        given = self.model_fields_set
        known = RECIPES[self.recipe].called if self.recipe is not None else ()
        if self.public_ports and not self.pod_labels and not known:
            yield Problem(
                "podLabels",
                "a Server of Linkerd selects pods by their labels",
                "write the labels of the pods that serve publicPorts",
                about=("publicPorts",),
            )
        if self.pod_labels and not self.public_ports and not known:
            yield Problem(
                "podLabels",
                "podLabels select the pods with publicPorts, and no port is given",
                "write publicPorts, or leave podLabels out",
                about=("publicPorts",),
            )
        if self.recipe is not None:
            for key in ("kind", "name", "annotations", "container", "env"):
                if key in given:
                    yield Problem(
                        key,
                        f"the recipe {self.recipe} sets {key} itself",
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
                "a Namespace has no namespace"
                if self.namespace
                else f"a {self.kind} needs a namespace",
                "leave namespace out" if self.namespace else "write its namespace",
                about=("kind",),
            )
        if bool(self.env) != (self.container is not None):
            yield Problem(
                "container" if self.env else "env",
                "env and container need each other",
                "write both, or neither",
                about=("env", "container"),
            )
        if self.env and self.kind in ("Namespace", "Kibana"):
            reason = (
                "a Namespace has no containers"
                if self.kind == "Namespace"
                else "a patch of one container of a Kibana would replace all containers"
            )
            yield Problem("env", reason, "leave env and container out", about=("kind",))


def _open(
    space: str, name: str, port: int | str, labels: Mapping[str, str], by: Clients
) -> OpenPort:
    return OpenPort(space, f"{name}-public-{port}", (by,), port, {"matchLabels": dict(labels)})


class JobConfig(Model):
    """A CronJob in a meshed namespace whose pods would wait for the proxy forever.

    Native sidecars, the default since 2026.5.2 (edge-26.5.2), end with the Job, and need no entry.
    A Job cannot be patched: its template is immutable.
    """

    namespace: DnsLabel
    """Its namespace."""
    name: DnsName
    """Its name."""
    treatment: Literal["opt-out", "await"] = "opt-out"
    """``opt-out`` disables injection; ``await`` wraps the command in ``linkerd-await``, which the
    image has to contain, and which ends the proxy with the command."""
    container: DnsLabel | None = None
    """Container whose command is wrapped."""
    command: tuple[Line, ...] = ()
    """Its command without the wrapper."""

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
        """A wrapper without a command, or a command without a wrapper."""
        wrapped = self.treatment == "await"
        if wrapped and (self.container is None or not self.command):
            yield Problem(
                "command" if self.container else "container",
                "linkerd-await wraps a whole command, which the patch has to contain",
                "write container and command, or treatment: opt-out",
                about=("treatment",),
            )
        if not wrapped and (self.container is not None or self.command):
            yield Problem(
                "container" if self.container else "command",
                "treatment: opt-out wraps no command",
                "leave container and command out, or write treatment: await",
                about=("treatment",),
            )
